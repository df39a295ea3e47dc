import CZlib
public import Columnar

extension DataFile {
  /// The size of a file and the CRC-32 of its bytes, by which a later reader can see whether it is still the same.
  ///
  /// - Throws: `noInput` where it cannot be opened.
  public static func checksum(_ path: String) throws(ImmerseError) -> (bytes: Int, crc32: String) {
    let bytes = try FileBytes(path: path)
    let sum = bytes.buffer.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
    let digits = String(UInt32(truncatingIfNeeded: sum), radix: 16)
    return (bytes.buffer.count, String(repeating: "0", count: 8 - digits.count) + digits)
  }
}
