#pragma once

// Distribution functions of Boost.Math behind a C interface.
//
// Every function returns NaN for parameters or arguments outside its domain and an infinity where the result is one;
// none throws. `survival` is the upper tail, computed without subtracting from 1. `quantile` inverts the lower tail,
// `upper_quantile` the upper one.

#ifdef __cplusplus
extern "C" {
#endif

double boost_student_t_cdf(double x, double df);
double boost_student_t_survival(double x, double df);
double boost_student_t_quantile(double p, double df);

double boost_f_cdf(double x, double df1, double df2);
double boost_f_survival(double x, double df1, double df2);
double boost_f_quantile(double p, double df1, double df2);
double boost_f_upper_quantile(double p, double df1, double df2);

double boost_chi_squared_cdf(double x, double df);
double boost_chi_squared_survival(double x, double df);
double boost_chi_squared_quantile(double p, double df);
double boost_chi_squared_upper_quantile(double p, double df);

double boost_beta_cdf(double x, double a, double b);
double boost_beta_survival(double x, double a, double b);
double boost_beta_quantile(double p, double a, double b);
double boost_beta_upper_quantile(double p, double a, double b);

double boost_log_gamma(double x);

#ifdef __cplusplus
}
#endif
