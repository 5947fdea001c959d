// Drawing tokens from logits with given uniform numbers, as seqgen.core.sampling and the heads of seqgen.core do.
#pragma once
#include <cmath>

#include "vector.h"

inline int64_t likeliest(const float* logit, int64_t V) {
    int64_t best = 0;
    for (int64_t v = 1; v < V; v++)
        if (logit[v] > logit[best]) best = v;
    return best;
}

// The token at `uniform` of the cumulative softmax. `logit` is overwritten. Cumulative sums are summed in float64 and
// rounded, as torch does it; a sum that rounding leaves below 1 must not run past the last possible token.
inline int64_t draw_category(float* logit, int64_t V, float temperature, float uniform) {
    if (temperature == 0) return likeliest(logit, V);
    for (int64_t v = 0; v < V; v++) logit[v] /= temperature;
    const float most = logit[likeliest(logit, V)];
    double total = 0;
    ascend<float>(V, [&](auto count, int64_t v) {
        constexpr int N = decltype(count)::value;
        const auto e = exp_negative<float, N>(load<float, N>(logit + v) - most);
        store<float, N>(logit + v, e);
        for (int lane = 0; lane < N; lane++) total += e[lane];
    });
    double sum = 0;
    int64_t last = 0;
    for (int64_t v = 0; v < V; v++) {
        const float p = logit[v] / float(total);
        if (p > 0) last = v;
        logit[v] = float(sum += p);
    }
    const float bound = uniform * logit[V - 1];
    int64_t below = 0;
    for (int64_t v = 0; v < V; v++) below += logit[v] <= bound;
    return below < last ? below : last;
}

// The integer whose bit k is on if uniform[k] lies below its probability, or if it is likelier on than off.
inline int64_t draw_bits(const float* logit, int64_t K, float temperature, const float* uniform) {
    int64_t token = 0;
    for (int64_t k = 0; k < K; k++) {
        const float x = temperature == 0 ? logit[k] : logit[k] / temperature;
        const bool on = temperature == 0 ? x > 0 : uniform[k] < 1 / (1 + std::exp(-x));
        token |= int64_t(on) << k;
    }
    return token;
}

// Flat index of the first number that is NaN or outside [0, 1); -1 where all are good.
inline int64_t bad_uniform(const float* uniform, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!(uniform[i] >= 0 && uniform[i] < 1)) return i;
    return -1;
}
