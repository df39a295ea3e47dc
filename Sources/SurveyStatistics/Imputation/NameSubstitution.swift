import Expressions

/// Columns put in the place of the quantities they are imputations of, in the text of formulas and conditions.
///
/// Quoted text and the names of functions stay as they are.
struct NameSubstitution {
  private let columns: [String: String]

  /// - Parameter columns: by the name of the quantity.
  init(_ columns: [String: String]) { self.columns = columns }

  func callAsFunction(_ text: String) -> String {
    NameSubstitution.pieces(of: text).map { piece in
      guard let name = piece.name, let column = columns[name] else { return piece.text }
      let isPlain = column.first?.beginsName == true && column.allSatisfy(\.continuesName)
      return isPlain ? column : "`\(column)`"
    }.joined()
  }

  /// The names that stand in a text.
  static func names(in text: String) -> Set<String> { Set(pieces(of: text).compactMap(\.name)) }

  /// A stretch of text, and the name it is where it is one.
  private struct Piece {
    let text: String
    let name: String?
  }

  private static func pieces(of text: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = Substring(text)
    func take(while holds: (Character) -> Bool) -> Substring {
      let part = rest.prefix(while: holds)
      rest = rest.dropFirst(part.count)
      return part
    }
    while let first = rest.first {
      if first.beginsName {
        let name = String(take(while: \.continuesName))
        let isCall = rest.first { !$0.isWhitespace } == "("
        pieces.append(Piece(text: name, name: isCall ? nil : name))
      } else if first == "`" || first == "\"" || first == "'" {
        rest = rest.dropFirst()
        let inside = String(take { $0 != first })
        let closing = rest.isEmpty ? "" : String(first)
        rest = rest.dropFirst()
        pieces.append(Piece(text: "\(first)\(inside)\(closing)", name: first == "`" ? inside : nil))
      } else if first.continuesName {
        // A number, with what letters follow it.
        pieces.append(Piece(text: String(take(while: \.continuesName)), name: nil))
      } else {
        rest = rest.dropFirst()
        pieces.append(Piece(text: String(first), name: nil))
      }
    }
    return pieces
  }
}
