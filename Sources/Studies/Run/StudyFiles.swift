/// Finds the files a study names: their paths count from the study file.
struct StudyFiles {
  let folder: String

  init(study path: String) {
    folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  func resolve(_ path: String) -> String { path.hasPrefix("/") || path == "-" ? path : folder + path }

  func resolve(_ join: TableJoin) -> TableJoin { TableJoin(file: resolve(join.file), key: join.key) }
}
