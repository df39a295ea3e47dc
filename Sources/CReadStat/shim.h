#include <iconv.h>
#include <readstat.h>
