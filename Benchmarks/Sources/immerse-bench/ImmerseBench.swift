import ArgumentParser

@main
struct ImmerseBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "immerse-bench",
    abstract: "Measure what ImmerseStats costs, in seconds, memory and readings of the data.",
    subcommands: [List.self, Suites.self, Sample.self, Scaling.self, Kernel.self, Floor.self, Generate.self])
}
