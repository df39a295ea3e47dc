public import Foundation

/// Where the tests' files lie.
public enum TestFiles {
  static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// A committed reference result or table, such as `survey/clus1.json`.
  public static func golden(_ path: String) -> URL { tests.appending(path: "Goldens").appending(path: path) }

  /// A bundled data file, such as `api/apiclus1.csv`.
  public static func dataset(_ path: String) -> URL { root.appending(path: "Datasets").appending(path: path) }

  /// The repository's root folder.
  public static var root: URL { tests.deletingLastPathComponent() }

  /// Reference data that may not be committed; nil, with a printed reason, where it is not on this machine.
  public static func reference(_ path: String) -> URL? {
    let folder =
      ProcessInfo.processInfo.environment["IMMERSE_REFERENCE"].map { URL(filePath: $0) }
      ?? root.deletingLastPathComponent().appending(path: "shared/reference")
    let file = folder.appending(path: path)
    if FileManager.default.fileExists(atPath: file.path) { return file }
    print("skipped: reference data \(path) is not here; set IMMERSE_REFERENCE to the folder that holds it")
    return nil
  }

  /// A fresh empty folder that is removed after the body.
  public static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "immerse-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
