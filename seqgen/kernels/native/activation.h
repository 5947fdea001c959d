// Sigmoid and hyperbolic tangent of vectors, by one exponential that cannot overflow.
#pragma once
#include "vector.h"

template <class T, int N> inline Vector<T, N> minus_magnitude(Vector<T, N> x) { return x < Vector<T, N>{} ? x : -x; }

template <class T, int N> inline Vector<T, N> sigmoid(Vector<T, N> x) {
    const Vector<T, N> e = exp_negative<T, N>(minus_magnitude<T, N>(x));
    return (x < Vector<T, N>{} ? e : same<T, N>(1)) / (e + same<T, N>(1));
}
template <class T, int N> inline Vector<T, N> hyperbolic_tangent(Vector<T, N> x) {
    const Vector<T, N> e = exp_negative<T, N>(minus_magnitude<T, N>(x) * same<T, N>(2));
    const Vector<T, N> size = (same<T, N>(1) - e) / (e + same<T, N>(1));
    return x < Vector<T, N>{} ? -size : size;
}
