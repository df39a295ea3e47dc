public import CompositeIndicators

extension AnalysisResult {
  /// The findings of a framework's checks; not converged where one of them keeps the framework from being used.
  public init(_ findings: [Finding], of framework: Framework) {
    self.init(
      "score.check",
      rows: findings.map { finding in
        [
          "severity": .string(finding.code.severity.rawValue), "code": .string(finding.code.rawValue),
          "subject": .string(finding.subject), "message": .string(finding.message),
        ]
      },
      sections: [
        .init("indicators", .integer(framework.indicators.count)),
        .init("aggregates", .integer(framework.aggregates.count)),
        .init("errors", .integer(findings.count { $0.code.severity == .error })),
      ],
      hasConverged: !findings.contains { $0.code.severity == .error })
  }
}
