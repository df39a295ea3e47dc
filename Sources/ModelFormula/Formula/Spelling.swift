/// The text of an expression with the spaces R's `deparse` would set: around `+ - *` and comparisons, after commas,
/// none around `/` and `^`. O(length).
func canonicalSpelling(of text: String) -> String {
  var result = ""
  var quote: Character?
  var sawSpace = false
  for character in text {
    if let open = quote {
      result.append(character)
      if character == open { quote = nil }
      continue
    }
    if character.isWhitespace {
      sawSpace = true
      continue
    }
    defer { sawSpace = false }
    let followsOperand = result.last.map { $0.isLetter || $0.isNumber || ")\"'`._".contains($0) } ?? false
    switch character {
    case "+", "-", "*", "%", "&", "|":
      result += followsOperand ? " \(character) " : "\(character)"
    case "<", ">", "=", "!":
      // The second sign of <= >= == != follows the first one's space.
      if character == "=", let last = result.dropLast().last, "<>=!".contains(last), result.last == " " {
        result.removeLast()
        result += "= "
      } else {
        result += followsOperand ? " \(character) " : "\(character)"
      }
    case ",": result += ", "
    case "\"", "'", "`":
      quote = character
      if sawSpace && followsOperand { result.append(" ") }
      result.append(character)
    default:
      if sawSpace && followsOperand && (character.isLetter || character.isNumber) { result.append(" ") }
      result.append(character)
    }
  }
  return result
}
