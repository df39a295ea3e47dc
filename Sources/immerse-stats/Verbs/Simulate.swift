import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Simulation
import Streaming
