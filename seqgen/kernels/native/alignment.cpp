// Expected monotonic alignment, forward and backward, row after row of the target.
//
// Along a row everything is an affine recurrence c' = A c + B with A in [0, 1]. The maps of a vector of columns
// are composed in log2(N) steps, so that one multiply-add a vector waits for the vector before it.
#include "work.h"

namespace {

// p and 1 - p of N columns, from probabilities or from logits; `bad` marks what is no probability.
template <class T, int N, bool LOGITS> struct Chance {
    Vector<T, N> p, n;
    Mask<T, N> bad;
    explicit Chance(const T* from) {
        using V = Vector<T, N>;
        const V x = load<T, N>(from), one = same<T, N>(1);
        if constexpr (LOGITS) {
            const auto positive = x > V{};
            const V t = exp_negative<T, N>(positive ? -x : x), r = one / (one + t);
            p = positive ? r : t * r;
            n = positive ? t * r : r;  // 1 - p would be 0 long before the true value is
            bad = x != x;
        } else {
            p = x;
            n = one - x;
            bad = ~((x >= V{}) & (x <= one));
        }
    }
};

// Lane i of (A, B) becomes the map of lanes 0 .. i.
template <class T, int N, int K = 1> inline void compose(Vector<T, N>& A, Vector<T, N>& B) {
    if constexpr (K < N) {
        B = A * up<T, N, K>(B, Vector<T, N>{}) + B;
        A = A * up<T, N, K>(A, same<T, N>(1));
        compose<T, N, 2 * K>(A, B);
    }
}
// Lane i becomes the map of lanes N-1 .. i.
template <class T, int N, int K = 1> inline void compose_back(Vector<T, N>& A, Vector<T, N>& B) {
    if constexpr (K < N) {
        B = A * down<T, N, K>(B, Vector<T, N>{}) + B;
        A = A * down<T, N, K>(A, same<T, N>(1));
        compose_back<T, N, 2 * K>(A, B);
    }
}

// One target row: q_j = (1 - p_{j-1}) q_{j-1} + previous_j. Writes q, or p q where PRODUCT. False where p is none.
template <class T, bool LOGITS, bool PRODUCT>
bool scan_row(const T* x, const T* previous, T* out, int64_t length) {
    T carry = 0;
    bool good = true;
    Mask<T, WIDTH<T>> bad{};
    ascend<T>(length, [&](auto count, int64_t j) {
        constexpr int N = decltype(count)::value;
        const Chance<T, N, LOGITS> chance(x + j);
        const auto before = load<T, N>(previous + j);
        Vector<T, N> A = chance.n, B = chance.n * before;
        compose<T, N>(A, B);
        const Vector<T, N> q = up<T, N, 1>(A * carry + B, same<T, N>(carry)) + before;
        carry = A[N - 1] * carry + B[N - 1];
        store<T, N>(out + j, PRODUCT ? chance.p * q : q);
        if constexpr (N == WIDTH<T>) bad |= chance.bad;
        else good &= !any<N>(chance.bad);
    });
    return good && !any<WIDTH<T>>(bad);
}

// One target row of the backward pass. With Q_j the gradient of q_j and d_j = g_j + Q_j of the row below - Q_{j+1}:
// Q_j = Q_{j+1} + p_j d_j, which is p (g + below) + (1 - p) Q_{j+1}. `below` becomes this row's Q.
// `factor` holds q where p is given (dp = q d) and alpha where its logit is (de = alpha (1 - p) d).
template <class T, bool LOGITS>
void scan_row_back(const T* x, const T* factor, const T* g, T* below, T* out, int64_t length) {
    T carry = 0;
    descend<T>(length, [&](auto count, int64_t j) {
        constexpr int N = decltype(count)::value;
        const Chance<T, N, LOGITS> chance(x + j);
        const Vector<T, N> above = load<T, N>(g + j) + load<T, N>(below + j);
        Vector<T, N> A = chance.n, B = chance.p * above;
        compose_back<T, N>(A, B);
        const Vector<T, N> Q = A * carry + B, d = above - down<T, N, 1>(Q, same<T, N>(carry));
        carry = A[0] * carry + B[0];
        store<T, N>(below + j, Q);
        const auto weight = load<T, N>(factor + j);
        store<T, N>(out + j, LOGITS ? weight * chance.n * d : weight * d);
    });
}

template <class T> struct Shape {
    int64_t U, S;
    const int64_t *source, *target;  // lengths, or null
    const T* previous;               // or null
    std::vector<T> beginning;        // all mass at column 0: what stands for `previous` where it is null

    Shape(int64_t U, int64_t S, const int64_t* source, const int64_t* target, const T* previous)
        : U(U), S(S), source(source), target(target), previous(previous), beginning(previous ? 0 : S) {
        if (!beginning.empty()) beginning[0] = 1;
    }
    int64_t columns(int64_t b) const { return source ? source[b] : S; }
    int64_t rows(int64_t b) const { return target ? target[b] : U; }
    const T* before(int64_t b) const { return previous ? previous + b * S : beginning.data(); }
};

template <class T> void clear(T* from, T* to) {
    if (from < to) std::memset(static_cast<void*>(from), 0, (to - from) * sizeof(T));
}

// One batch row. Returns the flat index of the first bad entry, or -1.
template <class T, bool LOGITS>
int64_t forward(const Shape<T>& is, int64_t b, const T* x, T* alpha, T* last) {
    const int64_t columns = is.columns(b), rows = is.rows(b);
    const T* previous = is.before(b);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t at = (b * is.U + i) * is.S;
        if (!scan_row<T, LOGITS, true>(x + at, previous, alpha + at, columns))
            for (int64_t j = at; j < at + columns; j++)
                if (any<1>(Chance<T, 1, LOGITS>(x + j).bad)) return j;
        clear(alpha + at + columns, alpha + at + is.S);
        previous = alpha + at;
    }
    clear(alpha + (b * is.U + rows) * is.S, alpha + (b + 1) * is.U * is.S);
    std::copy_n(previous, is.S, last + b * is.S);  // without columns both may be null, which memcpy does not allow
    return -1;
}

// One batch row; `gradient` is of alpha and `last` of the final row (or null); `first` receives that of the previous.
template <class T, bool LOGITS>
void backward(const Shape<T>& is, int64_t b, const T* x, const T* alpha, const T* gradient, const T* last, T* out,
              T* first) {
    const int64_t columns = is.columns(b), rows = is.rows(b);
    T* below = first + b * is.S;
    if (last) std::memcpy(below, last + b * is.S, is.S * sizeof(T));
    else clear(below, below + is.S);
    clear(out + (b * is.U + rows) * is.S, out + (b + 1) * is.U * is.S);
    if (rows == 0) return;  // the final row is the previous one
    clear(below + columns, below + is.S);
    std::vector<T> q(LOGITS ? 0 : columns);
    for (int64_t i = rows - 1; i >= 0; i--) {
        const int64_t at = (b * is.U + i) * is.S;
        const T* before = i ? alpha + at - is.S : is.before(b);
        if constexpr (!LOGITS) scan_row<T, false, false>(x + at, before, q.data(), columns);
        scan_row_back<T, LOGITS>(x + at, LOGITS ? alpha + at : q.data(), gradient + at, below, out + at, columns);
        clear(out + at + columns, out + at + is.S);
    }
}

template <class T>
int64_t forward_all(const T* x, const T* previous, const int64_t* source, const int64_t* target, T* alpha, T* last,
                    int64_t B, int64_t U, int64_t S, int64_t logits, int64_t threads) {
    const Shape<T> is(U, S, source, target, previous);
    return share(B, threads, [&](int64_t b) {
        return logits ? forward<T, true>(is, b, x, alpha, last)
                      : forward<T, false>(is, b, x, alpha, last);
    });
}

template <class T>
void backward_all(const T* x, const T* previous, const T* alpha, const T* gradient, const T* last,
                  const int64_t* source, const int64_t* target, T* out, T* first, int64_t B, int64_t U, int64_t S,
                  int64_t logits, int64_t threads) {
    const Shape<T> is(U, S, source, target, previous);
    share(B, threads, [&](int64_t b) -> int64_t {
        if (logits) backward<T, true>(is, b, x, alpha, gradient, last, out, first);
        else backward<T, false>(is, b, x, alpha, gradient, last, out, first);
        return -1;
    });
}

}  // namespace

#define EXPORT(T, NAME)                                                                                           \
    extern "C" __attribute__((visibility("default"))) int64_t alignment_forward_##NAME(                           \
        const T* x, const T* previous, const int64_t* source, const int64_t* target, T* alpha, T* last,           \
        int64_t B, int64_t U, int64_t S, int64_t logits, int64_t threads) {                                       \
        return forward_all(x, previous, source, target, alpha, last, B, U, S, logits, threads);                      \
    }                                                                                                             \
    extern "C" __attribute__((visibility("default"))) void alignment_backward_##NAME(                             \
        const T* x, const T* previous, const T* alpha, const T* gradient, const T* last, const int64_t* source,   \
        const int64_t* target, T* out, T* first, int64_t B, int64_t U, int64_t S, int64_t logits,                 \
        int64_t threads) {                                                                                        \
        backward_all(x, previous, alpha, gradient, last, source, target, out, first, B, U, S, logits, threads);   \
    }
EXPORT(float, float32)
EXPORT(double, float64)
