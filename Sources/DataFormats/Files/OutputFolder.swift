public import Columnar

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of results that appears with all its files or not at all.
///
/// Files are written to a temporary folder beside it, which then takes its name; folders above it are created. Where the folder exists already and
/// may be written to, the new files replace those of the same names and the others stay as they are.
public final class OutputFolder {
  public let path: String
  private let temporary: String
  private var names: [String] = []
  private var isOpen = false

  /// - Throws: `usage` where something of that name exists, other than an empty folder or, with `force`, any folder;
  ///   `inputOutput` where the temporary folder cannot be created.
  public init(_ path: String, force: Bool = false) throws(ImmerseError) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    temporary = temporaryName(beside: path)
    if let entries = Self.entryCount(path) {
      if entries > 0, !force { throw .exists(path) }
    } else if access(path, F_OK) == 0 {
      throw ImmerseError(.usage, "is a file, not a folder", place: ImmerseError.Place(file: path))
    }
    Self.makeFolders(above: path)
    guard mkdir(temporary, 0o777) == 0 else { throw .cannotWrite(path, errno) }
    isOpen = true
  }

  /// Creates the folders a path passes through. What cannot be created is found out when the path itself is made.
  private static func makeFolders(above path: String) {
    for end in path.indices.dropFirst() where path[end] == "/" { mkdir(String(path[..<end]), 0o777) }
  }

  deinit { abandon() }

  /// Where to write the file that will have this name in the folder.
  public func path(of name: String) -> String {
    if !names.contains(name) { names.append(name) }
    return "\(temporary)/\(name)"
  }

  /// Lets the folder appear with the files that were written.
  ///
  /// - Throws: `inputOutput` where the system does not allow it.
  public func commit() throws(ImmerseError) {
    guard isOpen else { return }
    if (Self.entryCount(path) ?? 0) > 0 {
      for name in names where access("\(temporary)/\(name)", F_OK) == 0 {
        guard rename("\(temporary)/\(name)", "\(path)/\(name)") == 0 else { throw .cannotWrite(path, errno) }
      }
      rmdir(temporary)
    } else {
      guard rename(temporary, path) == 0 else { throw .cannotWrite(path, errno) }
    }
    isOpen = false
  }

  private func abandon() {
    guard isOpen else { return }
    isOpen = false
    for name in names { unlink("\(temporary)/\(name)") }
    rmdir(temporary)
  }

  /// How many entries a folder has; nil where there is no such folder.
  private static func entryCount(_ path: String) -> Int? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var count = -2  // every folder holds itself and its parent
    while readdir(folder) != nil { count += 1 }
    return count
  }
}
