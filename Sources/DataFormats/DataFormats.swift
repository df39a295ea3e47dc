// What a file holds is described in the words of this module: dialects, labels and missing codes, long tables.
@_exported import DataShaping
