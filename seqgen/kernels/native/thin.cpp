// Products of a few rows with a large matrix, and an LSTM layer over a few frames: the work of one step.
//
// The weights stay as torch keeps them, [outputs, inputs]: each is read once, and used for all rows while it is near.
// Every output is one dot product in one order, so a row's result does not depend on the rows beside it.
#include <vector>

#include "activation.h"
#include "vector.h"

namespace {

template <class T, int N> inline T sum(Vector<T, N> x) {
    if constexpr (N == 1) {
        return x[0];
    } else {
        Vector<T, N / 2> low, high;
        std::memcpy(&low, &x, sizeof low);
        std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
        return sum<T, N / 2>(low + high);
    }
}

// y[m, n] = bias[n] + sum over k of x[m, k] w[n, k], for M rows and N outputs.
template <class T, int M, int N>
inline void block(const T* x, const T* w, const T* bias, T* y, int64_t K, int64_t outputs) {
    constexpr int W = WIDTH<T>;
    Vector<T, W> total[M][N] = {};
    int64_t k = 0;
    for (; k + W <= K; k += W) {
        Vector<T, W> in[M];
        for (int m = 0; m < M; m++) in[m] = load<T, W>(x + m * K + k);
        for (int n = 0; n < N; n++) {
            const Vector<T, W> weight = load<T, W>(w + n * K + k);
            for (int m = 0; m < M; m++) total[m][n] += in[m] * weight;
        }
    }
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            T s = sum<T, W>(total[m][n]);
            for (int64_t j = k; j < K; j++) s += x[m * K + j] * w[n * K + j];
            y[m * outputs + n] = bias ? s + bias[n] : s;
        }
}

template <class T, int N>
inline void outputs_of(const T* x, const T* w, const T* bias, T* y, int64_t rows, int64_t K, int64_t outputs) {
    int64_t m = 0;
    for (; m + 4 <= rows; m += 4) block<T, 4, N>(x + m * K, w, bias, y + m * outputs, K, outputs);
    for (; m < rows; m++) block<T, 1, N>(x + m * K, w, bias, y + m * outputs, K, outputs);
}

// x [rows, K], w [outputs, K], y [rows, outputs]; bias may be null.
template <class T>
void linear(const T* x, const T* w, const T* bias, T* y, int64_t rows, int64_t K, int64_t outputs) {
    constexpr int N = BYTES == 64 ? 4 : 2;  // four rows of sums fit the registers
    int64_t n = 0;
    for (; n + N <= outputs; n += N)
        outputs_of<T, N>(x, w + n * K, bias ? bias + n : nullptr, y + n, rows, K, outputs);
    for (; n < outputs; n++)
        outputs_of<T, 1>(x, w + n * K, bias ? bias + n : nullptr, y + n, rows, K, outputs);
}

// Gates [4, D] in torch's order (input, forget, cell, output), in two parts; c is overwritten, h and y are written.
template <class T> void cell(const T* a, const T* b, T* c, T* h, T* y, int64_t D) {
    ascend<T>(D, [&](auto count, int64_t j) {
        constexpr int N = count;
        const auto gate = [&](int64_t g) { return load<T, N>(a + g * D + j) + load<T, N>(b + g * D + j); };
        const Vector<T, N> kept = sigmoid<T, N>(gate(1)) * load<T, N>(c + j);
        const Vector<T, N> now = kept + sigmoid<T, N>(gate(0)) * hyperbolic_tangent<T, N>(gate(2));
        const Vector<T, N> out = sigmoid<T, N>(gate(3)) * hyperbolic_tangent<T, N>(now);
        store<T, N>(c + j, now);
        store<T, N>(h + j, out);
        store<T, N>(y + j, out);
    });
}

// One layer over x [B, S, I] from h and c [B, D], which become those after the last frame; y [B, S, D].
template <class T>
void lstm(const T* x, const T* w_ih, const T* w_hh, const T* b_ih, const T* b_hh, T* h, T* c, T* y, int64_t B,
          int64_t S, int64_t I, int64_t D) {
    const int64_t G = 4 * D;
    std::vector<T> read(B * S * G), kept(B * G);
    linear(x, w_ih, b_ih, read.data(), B * S, I, G);
    for (int64_t t = 0; t < S; t++) {
        linear(h, w_hh, b_hh, kept.data(), B, D, G);
        for (int64_t b = 0; b < B; b++) {
            const int64_t at = b * S + t;
            cell(read.data() + at * G, kept.data() + b * G, c + b * D, h + b * D, y + at * D, D);
        }
    }
}

}  // namespace

// `threads` is taken and not used: a step is too short to share.
#define EXPORT(T, NAME)                                                                                           \
    extern "C" __attribute__((visibility("default"))) void thin_linear_##NAME(                                    \
        const T* x, const T* w, const T* bias, T* y, int64_t rows, int64_t K, int64_t outputs, int64_t threads) { \
        linear(x, w, bias, y, rows, K, outputs);                                                                  \
    }                                                                                                             \
    extern "C" __attribute__((visibility("default"))) void thin_lstm_##NAME(                                      \
        const T* x, const T* w_ih, const T* w_hh, const T* b_ih, const T* b_hh, T* h, T* c, T* y, int64_t B,      \
        int64_t S, int64_t I, int64_t D, int64_t threads) {                                                       \
        lstm(x, w_ih, w_hh, b_ih, b_hh, h, c, y, B, S, I, D);                                                     \
    }
EXPORT(float, float32)
EXPORT(double, float64)
