// What a developer who links this pillar alone needs: columns and tables, sources, fits and the engine.
@_exported import Columnar
@_exported import Streaming
