// swift-tools-version: 6.2

import PackageDescription

// A program such as a developer would write who links the library.
let package = Package(
  name: "Consumer",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "immerse-stats", path: "../..")],
  targets: [
    .executableTarget(
      name: "Consumer", dependencies: [.product(name: "ImmerseStats", package: "immerse-stats")])
  ]
)
