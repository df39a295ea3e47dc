public import Columnar

/// A file that is no table.
public enum InputFile {
  /// All its bytes; `-` is standard input.
  ///
  /// - Throws: `noInput` where it cannot be opened, `inputOutput` where reading fails part-way.
  public static func bytes(_ path: String) throws(ImmerseError) -> [UInt8] { try FileBytes(path: path).buffer.array }
}
