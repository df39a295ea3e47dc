public import Columnar
public import ImmerseStats
public import Streaming

extension StudyRun {
  /// Reads and carries out a study file; the files it names lie beside it.
  ///
  /// - Throws: `noInput`, `badData` or `usage` with the place in the study file or the data.
  public init(_ path: String, engine: Engine) throws(ImmerseError) {
    let study = try StrictYAML.decode(Study.self, from: try Inputs.text(of: path), file: path)
    try self.init(study, named: path, inputs: InputFiles(beside: path), engine: engine)
  }
}
