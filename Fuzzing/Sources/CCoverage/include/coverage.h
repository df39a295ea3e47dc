#pragma once

// Called by code that is compiled with -sanitize=fuzzer.
