import ImmerseStats

/// Twenty-four children of six schools in two regions, with weights.
let children = Table(
  [
    (
      "school",
      Column([
        "a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c", "d", "d", "d", "d", "e", "e", "e", "e", "f", "f",
        "f", "f",
      ])
    ),
    ("region", Column((0..<24).map { $0 < 12 ? "north" : "south" })),
    (
      "sex",
      Column([
        "girl", "boy", "boy", "girl", "girl", "girl", "girl", "boy", "girl", "boy", "boy", "girl", "girl", "boy",
        "girl", "boy", "girl", "boy", "boy", "girl", "girl", "boy", "girl", "boy",
      ])
    ),
    (
      "escs",
      Column([
        -1.1, -0.3, -1, -0.3, -0.7, -2, -0.1, -0.5, 0.6, 0.6, 1.1, 0.5, 0.7, -0.2, 1.2, 1.3, 0, -0.2, 0.7, 1.4, 1.5,
        0.7, 0.9, 0.4,
      ])
    ),
    (
      "math",
      Column([
        406, 390, 378, 464, 576, 443, 529, 595, 468, 509, 466, 465, 494, 493, 596, 548, 584, 513, 559, 548, 560, 501,
        509, 506,
      ])
    ),
    (
      "weight",
      Column([
        20, 21, 22, 20, 24, 25, 26, 24, 18, 19, 20, 18, 35, 36, 37, 35, 30, 31, 32, 30, 40, 41, 42, 40,
      ])
    ),
  ], name: "children")
