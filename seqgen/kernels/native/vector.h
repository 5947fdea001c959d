// Small vectors of float or double in the vector extensions of GCC and Clang: one source for every processor.
//
// The file is compiled once a level (AVX-512, AVX2, portable); BYTES follows from the compiler's flags.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX2__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif

template <class T> constexpr int WIDTH = BYTES / int(sizeof(T));
template <class T> constexpr T LOWEST = std::numeric_limits<T>::lowest();

template <class T> struct Integer;
template <> struct Integer<float> { using type = int32_t; };
template <> struct Integer<double> { using type = int64_t; };

template <class T, int N> struct Lanes {
    typedef T Vector __attribute__((vector_size(N * sizeof(T))));
    typedef typename Integer<T>::type Mask __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N> using Vector = typename Lanes<T, N>::Vector;
template <class T, int N> using Mask = typename Lanes<T, N>::Mask;

template <class T, int N> inline Vector<T, N> load(const T* from) {
    Vector<T, N> x;
    std::memcpy(&x, from, sizeof x);
    return x;
}
template <class T, int N> inline void store(T* to, Vector<T, N> x) { std::memcpy(to, &x, sizeof x); }
template <class T, int N> inline Vector<T, N> same(T x) { return x - Vector<T, N>{}; }

template <int N, class M> inline bool any(M mask) {
    bool found = false;
    for (int i = 0; i < N; i++) found |= mask[i] != 0;
    return found;
}

// Lane i of the result is lane i of `indices` in x followed by y.
#if defined(__clang__) || __GNUC__ >= 12
#define PICK(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define PICK(x, y, ...) __builtin_shuffle(x, y, Mask<T, N>{__VA_ARGS__})
#endif

// Every lane moves K places up (away from lane 0); the lowest K come from the top of `fill`.
template <class T, int N, int K, int... I>
inline Vector<T, N> move_up(Vector<T, N> x, Vector<T, N> fill, std::integer_sequence<int, I...>) {
    return PICK(fill, x, (N - K + I)...);
}
template <class T, int N, int K> inline Vector<T, N> up(Vector<T, N> x, Vector<T, N> fill) {
    return move_up<T, N, K>(x, fill, std::make_integer_sequence<int, N>{});
}
// Every lane moves K places down; the highest K come from the bottom of `fill`.
template <class T, int N, int K, int... I>
inline Vector<T, N> move_down(Vector<T, N> x, Vector<T, N> fill, std::integer_sequence<int, I...>) {
    return PICK(x, fill, (K + I)...);
}
template <class T, int N, int K> inline Vector<T, N> down(Vector<T, N> x, Vector<T, N> fill) {
    return move_down<T, N, K>(x, fill, std::make_integer_sequence<int, N>{});
}
// How exp is taken apart: x = k ln 2 + r, where ln 2 = HIGH + LOW and k HIGH is exact; e^r by its Taylor series.
template <class T> struct Exponential;
template <> struct Exponential<float> {
    static constexpr float ROUND = 0x1.8p23f, HIGH = 0x1.62e4p-1f, LOW = 0x1.7f7d1cp-20f, LEAST = -87.0f;
    static constexpr int TERMS = 7, BIAS = 127, SHIFT = 23;
};
template <> struct Exponential<double> {
    static constexpr double ROUND = 0x1.8p52, HIGH = 0x1.62e42fefa38p-1, LOW = 0x1.ef35793c7673p-45, LEAST = -708.0;
    static constexpr int TERMS = 13, BIAS = 1023, SHIFT = 52;
};
constexpr double INVERSE_FACTORIAL[] = {1.0,          1.0,           1.0 / 2,        1.0 / 6,         1.0 / 24,
                                        1.0 / 120,    1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                        1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};

// e^x for x <= 0, exactly 0 for -inf (and below the least normal number).
template <class T, int N> inline Vector<T, N> exp_negative(Vector<T, N> x) {
    using E = Exponential<T>;
    using V = Vector<T, N>;
    using M = Mask<T, N>;
    constexpr T INVERSE_LN2 = T(0x1.71547652b82fep+0);
    const M tiny = x < same<T, N>(E::LEAST);
    x = tiny ? V{} : x;
    const V shifted = x * INVERSE_LN2 + E::ROUND;  // the integer stands in the low bits of the sum
    const V k = shifted - E::ROUND;
    const V r = (x - k * E::HIGH) - k * E::LOW;
    V y = same<T, N>(T(INVERSE_FACTORIAL[E::TERMS]));
#pragma GCC unroll 16
    for (int i = E::TERMS - 1; i >= 0; i--) y = y * r + T(INVERSE_FACTORIAL[i]);
    M bits, round;
    const V round_value = same<T, N>(E::ROUND);
    std::memcpy(&bits, &shifted, sizeof bits);
    std::memcpy(&round, &round_value, sizeof round);
    bits = (bits - round + E::BIAS) << E::SHIFT;
    V scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return tiny ? V{} : y * scale;
}

// Calls body(count, j) for columns 0 .. end in order, `count` of them at a time: whole vectors, then shorter ones.
template <class T, int N = WIDTH<T>, class Body> inline void ascend(int64_t end, Body&& body, int64_t j = 0) {
    for (; j + N <= end; j += N) body(std::integral_constant<int, N>{}, j);
    if constexpr (N > 1) ascend<T, (N >= 4 ? N / 4 : 1)>(end, body, j);
}
// The same from the last column to the first, cut at the same places.
template <class T, int N = WIDTH<T>, class Body> inline void descend(int64_t end, Body&& body, int64_t start = 0) {
    const int64_t whole = start + (end - start) / N * N;
    if constexpr (N > 1) descend<T, (N >= 4 ? N / 4 : 1)>(end, body, whole);
    for (int64_t j = whole; j > start; j -= N) body(std::integral_constant<int, N>{}, j - N);
}
