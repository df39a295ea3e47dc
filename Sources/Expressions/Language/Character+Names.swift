/// What names are made of, in expressions and in formulas.
extension Character {
  package var isDigit: Bool { self >= "0" && self <= "9" && isASCII }
  package var beginsName: Bool { isLetter || self == "_" }
  package var continuesName: Bool { beginsName || isNumber || self == "." }
}
