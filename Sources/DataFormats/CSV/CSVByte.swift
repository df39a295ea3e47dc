/// The bytes that give a text table its shape.
enum CSVByte {
  /// The quote that is written, and read where the dialect has no other.
  static let quote = UInt8(ascii: "\"")
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
}
