import Columnar
import Foundation

/// A folder of results that appears whole or not at all.
///
/// Files go to a hidden folder beside it, which takes its name when all are written; a folder that was there before stays
/// untouched until then.
final class OutputFolder {
  private let folder: URL
  private let staging: URL
  private var isOpen = true

  /// - Throws: `usage` where the folder exists and `force` is not set; `inputOutput` where it cannot be created.
  init(_ path: String, force: Bool) throws(ImmerseError) {
    folder = URL(filePath: path).standardizedFileURL
    staging = folder.deletingLastPathComponent().appending(path: ".\(folder.lastPathComponent).\(UUID().uuidString)")
    if FileManager.default.fileExists(atPath: folder.path), !force {
      throw ImmerseError(
        .usage, "exists already", place: .init(file: path), remedy: "name another folder, or replace it with --force")
    }
    try attempt { try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true) }
  }

  deinit {
    if isOpen { try? FileManager.default.removeItem(at: staging) }
  }

  /// Where a file of the folder lies until the folder is complete.
  func path(of name: String) -> String { staging.appending(path: name).path }

  func write(_ text: String, as name: String) throws(ImmerseError) {
    try attempt { try Data(text.utf8).write(to: staging.appending(path: name)) }
  }

  /// Lets the folder appear under its name.
  func commit() throws(ImmerseError) {
    let manager = FileManager.default
    let old = staging.appendingPathExtension("old")
    let replaces = manager.fileExists(atPath: folder.path)
    try attempt {
      if replaces { try manager.moveItem(at: folder, to: old) }
      do {
        try manager.moveItem(at: staging, to: folder)
      } catch {
        if replaces { try? manager.moveItem(at: old, to: folder) }
        throw error
      }
    }
    isOpen = false
    if replaces { try? manager.removeItem(at: old) }
  }

  private func attempt(_ work: () throws -> Void) throws(ImmerseError) {
    do { try work() } catch {
      throw ImmerseError(
        .inputOutput, "cannot be written: \(error.localizedDescription)", place: .init(file: folder.path))
    }
  }
}
