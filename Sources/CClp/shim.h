#if __has_include(<coin/Clp_C_Interface.h>)
#include <coin/Clp_C_Interface.h>
#else
#include <clp/coin/Clp_C_Interface.h>
#endif
