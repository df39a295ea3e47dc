import Columnar
public import CompositeIndicators

extension ScoreAnalysis {
  /// What stands beside the scores in the common format. Correlations are given between the parts of an aggregate.
  public var sections: [JSONValue.Member] {
    [
      .init("statistics", .array(statistics.map(\.json))),
      .init("parts", .array(parts.map(\.json))),
      .init("coherence", .array(coherence.map(\.json))),
      .init("correlations", .array(coherence.flatMap { siblings($0) })),
      .init("profiles", .array(profiles.map(\.json))),
    ]
  }

  private func siblings(_ group: Coherence) -> [JSONValue] {
    let places = group.parts.compactMap { terms.firstIndex(of: $0) }
    return places.indices.flatMap { a in
      places.indices[(a + 1)...].map { b -> JSONValue in
        [
          "aggregate": .string(group.aggregate), "term1": .string(terms[places[a]]), "term2": .string(terms[places[b]]),
          "correlation": JSONValue(correlations[places[a]][places[b]]),
        ]
      }
    }
  }
}

extension ScoreAnalysis.Statistics {
  var json: JSONValue {
    [
      "term": .string(term), "n": .integer(count), "missing": .integer(missing), "mean": JSONValue(mean),
      "std_dev": JSONValue(standardDeviation), "minimum": JSONValue(minimum), "median": JSONValue(median),
      "maximum": JSONValue(maximum), "skewness": JSONValue(shape.skewness), "kurtosis": JSONValue(shape.kurtosis),
    ]
  }
}

extension ScoreAnalysis.Part {
  var json: JSONValue {
    [
      "aggregate": .string(aggregate), "term": .string(term), "weight": JSONValue(weight),
      "correlation": JSONValue(correlation), "covariance_share": JSONValue(covarianceShare),
    ]
  }
}

extension ScoreAnalysis.Coherence {
  var json: JSONValue {
    [
      "aggregate": .string(aggregate), "alpha": JSONValue(alpha),
      "parts": .array(parts.map { .string($0) }), "eigenvalues": .array(eigenvalues.map { JSONValue($0) }),
      "loadings": .array(loadings.map { JSONValue($0) }),
    ]
  }
}

extension ScoreAnalysis.Profile {
  var json: JSONValue {
    [
      "unit": .string(unit), "strengths": .array(strengths.map { .string($0) }),
      "weaknesses": .array(weaknesses.map { .string($0) }),
    ]
  }
}
