// swift-tools-version: 6.2

import PackageDescription

// The C library `libimmerse_stats.so`: everything it needs of Swift inside it, and only the functions of `immerse.h`
// visible outside. Linker flags of that kind live in this package, so that the root stays usable as a dependency.
let exports = Context.packageDirectory + "/exports.map"

let package = Package(
  name: "immerse-stats-c",
  platforms: [.macOS(.v26)],
  products: [.library(name: "immerse_stats", type: .dynamic, targets: ["ImmerseC"])],
  dependencies: [.package(name: "immerse-stats", path: "../..")],
  targets: [
    .target(
      name: "ImmerseC",
      dependencies: [
        .product(name: "ImmerseStats", package: "immerse-stats"),
        .product(name: "CImmerse", package: "immerse-stats"),
      ],
      swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("ExistentialAny")],
      linkerSettings: [
        .unsafeFlags(
          ["-static-stdlib", "-Xlinker", "--version-script=\(exports)", "-Xlinker", "--gc-sections"],
          .when(platforms: [.linux]))
      ])
  ]
)
