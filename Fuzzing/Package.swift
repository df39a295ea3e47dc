// swift-tools-version: 6.2

import PackageDescription

// A fuzz target for every reader of files, texts and parts, in one program. `scripts/fuzz` builds it with sanitizers and
// `-enable-testing`: what it tries is not public.
let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "immerse-stats", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "DataFormats", package: "immerse-stats"),
        .product(name: "ImmerseStats", package: "immerse-stats"),
        .product(name: "Studies", package: "immerse-stats"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny"), .unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.linkedLibrary("m")])
  ]
)
