#include "boost_math.h"

#include <limits>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace {

using namespace boost::math::policies;

// Errors become NaN or an infinity in the result instead of an exception.
using Quiet = policy<
    domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>, underflow_error<ignore_error>,
    denorm_error<ignore_error>, evaluation_error<ignore_error>, rounding_error<ignore_error>,
    indeterminate_result_error<ignore_error>>;

using StudentT = boost::math::students_t_distribution<double, Quiet>;
using F = boost::math::fisher_f_distribution<double, Quiet>;
using ChiSquared = boost::math::chi_squared_distribution<double, Quiet>;
using Beta = boost::math::beta_distribution<double, Quiet>;

// Nothing above throws by policy; should Boost do so all the same, no exception may reach a C caller.
template <class Body>
double guarded(Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

template <class Distribution>
double lower(const Distribution &distribution, double x) noexcept {
  return guarded([&] { return boost::math::cdf(distribution, x); });
}

template <class Distribution>
double upper(const Distribution &distribution, double x) noexcept {
  return guarded([&] { return boost::math::cdf(boost::math::complement(distribution, x)); });
}

template <class Distribution>
double inverse(const Distribution &distribution, double p) noexcept {
  return guarded([&] { return boost::math::quantile(distribution, p); });
}

template <class Distribution>
double upper_inverse(const Distribution &distribution, double p) noexcept {
  return guarded([&] { return boost::math::quantile(boost::math::complement(distribution, p)); });
}

}  // namespace

double boost_student_t_cdf(double x, double df) { return lower(StudentT(df), x); }
double boost_student_t_survival(double x, double df) { return upper(StudentT(df), x); }
double boost_student_t_quantile(double p, double df) { return inverse(StudentT(df), p); }

double boost_f_cdf(double x, double df1, double df2) { return lower(F(df1, df2), x); }
double boost_f_survival(double x, double df1, double df2) { return upper(F(df1, df2), x); }
double boost_f_quantile(double p, double df1, double df2) { return inverse(F(df1, df2), p); }
double boost_f_upper_quantile(double p, double df1, double df2) { return upper_inverse(F(df1, df2), p); }

double boost_chi_squared_cdf(double x, double df) { return lower(ChiSquared(df), x); }
double boost_chi_squared_survival(double x, double df) { return upper(ChiSquared(df), x); }
double boost_chi_squared_quantile(double p, double df) { return inverse(ChiSquared(df), p); }
double boost_chi_squared_upper_quantile(double p, double df) { return upper_inverse(ChiSquared(df), p); }

double boost_beta_cdf(double x, double a, double b) { return lower(Beta(a, b), x); }
double boost_beta_survival(double x, double a, double b) { return upper(Beta(a, b), x); }
double boost_beta_quantile(double p, double a, double b) { return inverse(Beta(a, b), p); }
double boost_beta_upper_quantile(double p, double a, double b) { return upper_inverse(Beta(a, b), p); }

double boost_log_gamma(double x) {
  return guarded([&] { return boost::math::lgamma(x, Quiet()); });
}
