// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "immerse-stats", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "immerse-bench",
      dependencies: [
        .product(name: "ImmerseStats", package: "immerse-stats"),
        .product(name: "DataFormats", package: "immerse-stats"),
        .product(name: "Simulation", package: "immerse-stats"),
        .product(name: "Studies", package: "immerse-stats"),
        .product(name: "LinearAlgebra", package: "immerse-stats"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")],
      linkerSettings: [.linkedLibrary("m")])
  ]
)
