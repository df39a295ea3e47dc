import Columnar

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of COIN-OR CLP, from its library as it is installed.
///
/// It is opened when a linear programme is first asked for, and not linked: whoever asks for none, as most do, needs none.
struct SimplexSolver: Sendable {
  typealias Model = OpaquePointer
  typealias Numbers = UnsafePointer<Double>
  typealias Positions = UnsafePointer<Int32>

  let newModel: @convention(c) () -> Model?
  let deleteModel: @convention(c) (Model) -> Void
  let setLogLevel: @convention(c) (Model, Int32) -> Void
  let loadProblem:
    @convention(c) (
      Model, Int32, Int32, Positions, Positions, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers
    ) -> Void
  let setObjectiveSense: @convention(c) (Model, Double) -> Void
  let initialPrimalSolve: @convention(c) (Model) -> Int32
  let status: @convention(c) (Model) -> Int32
  let objectiveValue: @convention(c) (Model) -> Double

  /// Nil where the library is not installed.
  static let installed = SimplexSolver(openingFirstOf: [
    "libClp.so.1", "libClp.1.dylib", "/opt/homebrew/lib/libClp.dylib",
  ])

  init?(openingFirstOf names: [String]) {
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else { return nil }
    func function<Function>(_ name: String, as type: Function.Type) -> Function? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    guard let newModel = function("Clp_newModel", as: (@convention(c) () -> Model?).self),
      let deleteModel = function("Clp_deleteModel", as: (@convention(c) (Model) -> Void).self),
      let setLogLevel = function("Clp_setLogLevel", as: (@convention(c) (Model, Int32) -> Void).self),
      let loadProblem = function(
        "Clp_loadProblem",
        as: (@convention(c) (
          Model, Int32, Int32, Positions, Positions, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers
        ) -> Void).self),
      let setObjectiveSense = function("Clp_setObjSense", as: (@convention(c) (Model, Double) -> Void).self),
      let initialPrimalSolve = function("Clp_initialPrimalSolve", as: (@convention(c) (Model) -> Int32).self),
      let status = function("Clp_status", as: (@convention(c) (Model) -> Int32).self),
      let objectiveValue = function("Clp_objectiveValue", as: (@convention(c) (Model) -> Double).self)
    else { return nil }
    self.newModel = newModel
    self.deleteModel = deleteModel
    self.setLogLevel = setLogLevel
    self.loadProblem = loadProblem
    self.setObjectiveSense = setObjectiveSense
    self.initialPrimalSolve = initialPrimalSolve
    self.status = status
    self.objectiveValue = objectiveValue
  }

  /// - Throws: `failure` where the library is not installed.
  static func require() throws(ImmerseError) {
    guard installed == nil else { return }
    throw ImmerseError(
      .failure, "weights by benefit of the doubt need the library COIN-OR CLP, which is not installed",
      remedy: "install it (apt-get install coinor-libclp1, brew install clp)")
  }
}
