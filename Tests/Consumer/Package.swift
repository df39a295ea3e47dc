// swift-tools-version: 6.2

import PackageDescription

func library(_ name: String) -> Target.Dependency { .product(name: name, package: "immerse-stats") }

// Programs such as a developer would write who links the library: one with everything, and one for each pillar that
// links this pillar alone.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "immerse-stats", path: "../..")],
  targets: [
    .executableTarget(name: "Consumer", dependencies: [library("ImmerseStats")]),
    .executableTarget(name: "OnlySurvey", dependencies: [library("SurveyStatistics")]),
    .executableTarget(name: "OnlyModels", dependencies: [library("MultilevelModels")]),
    .executableTarget(name: "OnlyIndicators", dependencies: [library("CompositeIndicators")]),
  ]
)
