// swift-tools-version: 6.2

import PackageDescription

// The house: every target may depend only on targets above it in this table. Everything up to `ImmerseStats`
// imports no Foundation, so that it can be linked into a small shared library.

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // `Span` getters of our own buffer types need lifetime annotations.
  .enableExperimentalFeature("Lifetimes"),
]

// `.rounded()` and Boost.Math reach into libm, which is not linked by itself on Linux.
let libm: [LinkerSetting] = [.linkedLibrary("m")]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings, linkerSettings: libm)
}

func tests(of name: String, and extra: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + extra, swiftSettings: swiftSettings)
}

let numerics: Target.Dependency = .product(name: "Numerics", package: "swift-numerics")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "immerse-stats",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "ImmerseStats", targets: ["ImmerseStats"]),
    .library(name: "SurveyStatistics", targets: ["SurveyStatistics"]),
    .library(name: "MultilevelModels", targets: ["MultilevelModels"]),
    .library(name: "CompositeIndicators", targets: ["CompositeIndicators"]),
    // For the nested packages, such as the benchmarks and the C library.
    .library(name: "CImmerse", targets: ["CImmerse"]),
    .library(name: "DataFormats", targets: ["DataFormats"]),
    .library(name: "LinearAlgebra", targets: ["LinearAlgebra"]),
    .library(name: "Simulation", targets: ["Simulation"]),
    .library(name: "Studies", targets: ["Studies"]),
    .executable(name: "immerse-stats", targets: ["immerse-stats"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(name: "CLAPACKE", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"]), .brew(["lapack"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"]), .brew(["snappy"])]),
    .systemLibrary(name: "CReadStat", providers: [.apt(["libreadstat-dev"]), .brew(["readstat"])]),
    .systemLibrary(
      name: "CXlsxWriter", pkgConfig: "xlsxwriter", providers: [.apt(["libxlsxwriter-dev"]), .brew(["libxlsxwriter"])]),
    .target(name: "CBoostMath", linkerSettings: libm),
    .target(name: "CImmerse"),

    module("Columnar", ["CImmerse"]),
    module("LinearAlgebra", ["COpenBLAS", "CLAPACKE", numerics]),
    module("Probability", ["CBoostMath", numerics]),
    module("Streaming", ["CImmerse", "Columnar"]),
    module("DataShaping", ["Columnar", "Streaming"]),
    module(
      "DataFormats",
      ["CImmerse", "CZlib", "CZstd", "CLZ4", "CSnappy", "CReadStat", "Columnar", "Streaming", "DataShaping"]),
    module("Expressions", ["Columnar", "Streaming", numerics]),
    module("ModelFormula", ["Columnar", "Streaming", "Expressions"]),
    module(
      "SurveyStatistics",
      ["CImmerse", "Columnar", "Streaming", "Expressions", "ModelFormula", "LinearAlgebra", "Probability", numerics]),
    module(
      "MultilevelModels",
      ["Columnar", "Streaming", "ModelFormula", "SurveyStatistics", "LinearAlgebra", "Probability", numerics]),
    module(
      "CompositeIndicators",
      ["Columnar", "Streaming", "Expressions", "LinearAlgebra", "Probability", numerics]),
    module(
      "ImmerseStats",
      [
        "Columnar", "Streaming", "DataShaping", "Expressions", "ModelFormula", "SurveyStatistics", "MultilevelModels",
        "CompositeIndicators",
      ]),
    module("Simulation", ["Columnar", "Streaming", "Probability", numerics]),
    module("Reporting", ["ImmerseStats", "DataFormats", "CXlsxWriter"]),
    module("Studies", ["ImmerseStats", "DataFormats", "Reporting", "Simulation", yams]),
    .executableTarget(
      name: "immerse-stats", dependencies: ["Studies", argumentParser], swiftSettings: swiftSettings,
      linkerSettings: libm),

    .target(name: "TestSupport", dependencies: [], path: "Tests/TestSupport", swiftSettings: swiftSettings),
    tests(of: "Columnar", and: ["CImmerse"]),
    tests(of: "LinearAlgebra"),
    tests(of: "Probability"),
    tests(of: "Streaming"),
    tests(of: "DataFormats"),
    tests(of: "Expressions"),
    tests(of: "ModelFormula"),
    tests(of: "SurveyStatistics", and: ["DataFormats"]),
    tests(of: "MultilevelModels", and: ["DataFormats"]),
    tests(of: "CompositeIndicators", and: ["DataFormats", yams]),
    tests(of: "ImmerseStats"),
    tests(of: "Simulation"),
    tests(of: "Reporting"),
    tests(of: "Studies", and: [yams]),
    tests(of: "immerse-stats"),
  ],
  cxxLanguageStandard: .cxx17
)
