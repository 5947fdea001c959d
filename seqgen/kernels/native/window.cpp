// MoChA's and MILk's attention: beta_j = sum_k alpha_k e^{u_j - L_k}, where L_k is the log of the sum of e^{u_l} over
// the window l = k - chunk + 1 .. k. A window as long as the row is MILk.
//
// Time does not grow with the window (van Herk 1992; Gil and Werman 1993): the row is cut into blocks as long as the
// window, so that a window is the end of one block and the beginning of the next. Every sum carries the exponent of
// its largest term, so no spread of the logits overflows and none is cut off. Rows are independent: lane r of a
// vector belongs to row r of a tile.
#include "work.h"

namespace {

// sum_i x_i e^{exponent_i} for C kinds of x, as value(c) e^top. What an addition rounds off is kept: over a thousand
// columns the roundings would add up to more than 1e-6.
template <class T, int C> struct Sum {
    using V = Vector<T, WIDTH<T>>;
    V top = same<T, WIDTH<T>>(LOWEST<T>);
    V sum[C] = {}, lost[C] = {};

    void add(V exponent, const V (&x)[C]) {
        const auto higher = exponent > top;
        const V t = exp_negative<T, WIDTH<T>>(higher ? top - exponent : exponent - top);
        for (int c = 0; c < C; c++) {
            const V before = higher ? sum[c] * t : sum[c], more = higher ? x[c] : x[c] * t;
            sum[c] = before + more;
            const V added = sum[c] - before;
            lost[c] = (higher ? lost[c] * t : lost[c]) + ((before - (sum[c] - added)) + (more - added));
        }
        top = higher ? exponent : top;
    }
    void add(const Sum& other) {
        V x[C];
        for (int c = 0; c < C; c++) x[c] = other.value(c);
        add(other.top, x);
    }
    V value(int c) const { return sum[c] + lost[c]; }
};

// A tile of rows. C is 1 for the forward pass; 2 for the backward pass, whose second sums carry the gradient.
template <class T, int C> class Tile {
    static constexpr int N = WIDTH<T>;
    using V = Vector<T, N>;

    int64_t S, chunk;
    std::vector<V> u, alpha, gradient, weight, top, mean;
    std::vector<Sum<T, C>> part;

    // Columns of `count` rows to vectors, and back. Lanes without a row hold zeros.
    void pack(const T* rows, int64_t count, std::vector<V>& columns) {
        for (int64_t j = 0; j < S; j += N)
            for (int r = 0; r < N; r++)
                for (int64_t k = j; k < std::min(j + N, S); k++) columns[k][r] = r < count ? rows[r * S + k] : T(0);
    }
    void unpack(const std::vector<V>& columns, int64_t count, T* rows) {
        for (int64_t j = 0; j < S; j += N)
            for (int r = 0; r < count; r++)
                for (int64_t k = j; k < std::min(j + N, S); k++) rows[r * S + k] = columns[k][r];
    }

    void put(V (&x)[C], V first, V second) {
        x[0] = first;
        if constexpr (C == 2) x[1] = second;
    }

    // weight_k = alpha_k / z_k and mean_k = sum_l gradient_l e^{u_l} / z_k, where L_k = top_k + log z_k.
    bool windows() {
        Mask<T, N> bad{};
        V x[C];
        for (int64_t start = 0; start < S; start += chunk) {
            const int64_t end = std::min(start + chunk, S);
            Sum<T, C> head;
            for (int64_t k = start; k < end; k++) {
                put(x, same<T, N>(1), gradient[k]);
                head.add(u[k], x);
                Sum<T, C> whole = head;
                if (start && k < start + chunk - 1) whole.add(part[k - start + 1]);
                const auto some = whole.value(0) > V{};  // nothing is attended where every logit is -inf
                const V z = some ? whole.value(0) : same<T, N>(1);
                weight[k] = some ? alpha[k] / z : V{};
                top[k] = some ? whole.top : same<T, N>(-LOWEST<T>);
                if constexpr (C == 2) mean[k] = whole.value(1) / z;
                bad |= ~(u[k] <= same<T, N>(-LOWEST<T>));
            }
            Sum<T, C> tail;
            for (int64_t k = end - 1; k > start && end < S; k--) {
                put(x, same<T, N>(1), gradient[k]);
                tail.add(u[k], x);
                part[k - start] = tail;
            }
        }
        return !any<N>(bad);
    }

    // beta_j = e^{u_j} sum_k weight_k e^{-top_k} over k = j .. j + chunk - 1, in the place of alpha. Its gradient with
    // respect to u, sum_k weight_k (g_j - mean_k) e^{u_j - top_k}, in the place of g.
    void attend() {
        V x[C];
        for (int64_t start = (S - 1) / chunk * chunk; start >= 0; start -= chunk) {
            const int64_t end = std::min(start + chunk, S);
            Sum<T, C> tail;
            for (int64_t j = end - 1; j >= start; j--) {
                put(x, weight[j], weight[j] * mean[j]);
                tail.add(-top[j], x);
                V y[C];
                spread(u[j], tail, y, true);
                if (end < S && j > start) spread(u[j], part[std::min(j + chunk, S) - 1 - end], y, false);
                alpha[j] = y[0];
                if constexpr (C == 2) gradient[j] = gradient[j] * y[0] - y[1];
            }
            Sum<T, C> head;
            for (int64_t k = start; k < end && start; k++) {
                put(x, weight[k], weight[k] * mean[k]);
                head.add(-top[k], x);
                part[k - start] = head;
            }
        }
    }

    // u_j is one of the logits below each top, so the exponent is never positive.
    void spread(V logit, const Sum<T, C>& from, V (&y)[C], bool first) {
        const V t = exp_negative<T, N>(logit + from.top);
        for (int c = 0; c < C; c++) y[c] = first ? t * from.value(c) : y[c] + t * from.value(c);
    }

  public:
    Tile(int64_t S, int64_t chunk)
        : S(S), chunk(std::min(chunk, S)), u(S), alpha(S), gradient(S), weight(S), top(S), mean(S), part(S) {}

    bool forward(const T* attention, const T* logits, int64_t count, T* beta) {
        pack(attention, count, alpha);
        pack(logits, count, u);
        const bool good = windows();
        attend();
        unpack(alpha, count, beta);
        return good;
    }

    void backward(const T* attention, const T* logits, const T* g, int64_t count, T* to_attention, T* to_logits) {
        pack(attention, count, alpha);
        pack(logits, count, u);
        pack(g, count, gradient);
        windows();
        attend();
        unpack(mean, count, to_attention);
        unpack(gradient, count, to_logits);
    }
};

// R rows of S columns, a tile at a time: `work(tile, first row, count)` returns a flat index, or -1.
template <class T, int C, class Work>
int64_t tiles(int64_t R, int64_t S, int64_t chunk, int64_t threads, Work&& work) {
    constexpr int64_t N = WIDTH<T>;
    const int64_t count = (R + N - 1) / N, parts = std::max<int64_t>(1, std::min(threads, count));
    return share(S ? parts : 0, parts, [&](int64_t p) -> int64_t {  // a thread keeps its tile for all its rows
        Tile<T, C> tile(S, chunk);
        for (int64_t t = count * p / parts; t < count * (p + 1) / parts; t++) {
            const int64_t index = work(tile, t * N, std::min(N, R - t * N));
            if (index >= 0) return index;
        }
        return -1;
    });
}

template <class T>
int64_t forward(const T* alpha, const T* u, T* beta, int64_t R, int64_t S, int64_t chunk, int64_t threads) {
    return tiles<T, 1>(R, S, chunk, threads, [&](Tile<T, 1>& tile, int64_t row, int64_t count) -> int64_t {
        const int64_t at = row * S;
        if (tile.forward(alpha + at, u + at, count, beta + at)) return -1;
        for (int64_t j = at; j < at + count * S; j++)
            if (!(u[j] <= -LOWEST<T>)) return j;
        return -1;
    });
}

template <class T>
void backward(const T* alpha, const T* u, const T* g, T* to_alpha, T* to_u, int64_t R, int64_t S, int64_t chunk,
              int64_t threads) {
    tiles<T, 2>(R, S, chunk, threads, [&](Tile<T, 2>& tile, int64_t row, int64_t count) -> int64_t {
        const int64_t at = row * S;
        tile.backward(alpha + at, u + at, g + at, count, to_alpha + at, to_u + at);
        return -1;
    });
}

}  // namespace

#define EXPORT(T, NAME)                                                                                           \
    extern "C" __attribute__((visibility("default"))) int64_t window_forward_##NAME(                              \
        const T* alpha, const T* u, T* beta, int64_t R, int64_t S, int64_t chunk, int64_t threads) {              \
        return forward(alpha, u, beta, R, S, chunk, threads);                                                     \
    }                                                                                                             \
    extern "C" __attribute__((visibility("default"))) void window_backward_##NAME(                                \
        const T* alpha, const T* u, const T* g, T* to_alpha, T* to_u, int64_t R, int64_t S, int64_t chunk,        \
        int64_t threads) {                                                                                        \
        backward(alpha, u, g, to_alpha, to_u, R, S, chunk, threads);                                              \
    }
EXPORT(float, float32)
EXPORT(double, float64)
