// What a developer who links the library needs, under one import.
@_exported import Columnar
@_exported import CompositeIndicators
@_exported import DataShaping
@_exported import MultilevelModels
@_exported import Streaming
@_exported import SurveyStatistics
