// One LSTM layer over a whole sequence, one way or both, from packed weights. README.md has the maths.
//
// First what every frame reads is multiplied for all frames of a stretch at once; then frame follows frame, and a block
// of recurrent weights is that of four gates of LANES units, whose cells are finished in registers.
#include <algorithm>

#include "activation.h"
#include "product.h"
#include "work.h"

namespace {

constexpr int64_t MOST_GATES = 1 << 20;  // numbers of gates that a thread keeps, unless one frame has more

struct Task {
    const int32_t* stream;  // for each direction: [bias, read weights] of each block, then [own weights] of each
    const float *x, *h, *c;
    float *y, *last_h, *last_c;
    int64_t B, T, I, D, G;  // G directions, the second backward
    int64_t threads;

    int64_t width() const { return padded(D); }
    int64_t inputs() const { return padded(I); }
    int64_t blocks() const { return width() / LANES; }
    template <class P> int64_t words(int64_t K) const { return P::HEADER + K / P::STEP * BLOCK; }
    template <class P> int64_t read_words() const { return blocks() * (BLOCK + words<P>(inputs())); }
    template <class P> int64_t direction_words() const { return read_words<P>() + blocks() * words<P>(width()); }
};

// Rows in the form that the weights are multiplied by, padded with zeros.
template <class P> struct Rows {
    const int64_t K;
    std::vector<float> plain;
    std::vector<typename P::Input> inputs;
    std::vector<Operand<typename P::Input>> operand;

    Rows(int64_t count, int64_t K) : K(K), plain(K), inputs(count * K), operand(count) {}
    void put(int64_t row, const float* from, int64_t size) {
        std::copy_n(from, size, plain.data());
        operand[row].x = inputs.data() + row * K;
        operand[row].unit = P::convert(plain.data(), K, inputs.data() + row * K);
    }
};

// One direction of the rows first .. first + count - 1 of the batch.
template <class P> struct Layer {
    const Task& is;
    const int64_t g, first, count;
    const int64_t W = is.width(), blocks = is.blocks();
    const int32_t* stream = is.stream + g * is.direction_words<P>();
    const int64_t frame_gates = std::max<int64_t>(1, count * blocks * BLOCK);
    const int64_t stretch = std::max<int64_t>(1, std::min(is.T, MOST_GATES / frame_gates));
    std::vector<float> gates{}, h{}, c{};  // gates [count, stretch, blocks, BLOCK]; h and c [count, W]

    float* gate(int64_t row, int64_t n, int64_t block) {
        return gates.data() + ((row * stretch + n) * blocks + block) * BLOCK;
    }
    int64_t at(int64_t row, int64_t size) const { return ((first + row) * is.G + g) * size; }

    // What the stretch of frames from t on reads.
    void read(int64_t t) {
        const int64_t some = std::min(stretch, is.T - t), all = count * some;
        Rows<P> frames(all, is.inputs());
        for (int64_t n = 0; n < all; n++)
            frames.put(n, is.x + ((first + n / some) * is.T + t + n % some) * is.I, is.I);
        gates.resize(count * stretch * blocks * BLOCK);
        const int32_t *from = stream, *next = from;
        for (int64_t block = 0; block < blocks; block++, from = next)
            tiles<P::ROWS>(all, [&](auto R, int64_t n) {
                Floats sum[R][GROUP];
                for (int r = 0; r < R; r++) bias(from, sum[r]);
                next = multiply<P, R>(from + BLOCK, is.inputs(), &frames.operand[n], sum);
                for (int r = 0; r < R; r++)
                    std::memcpy(gate((n + r) / some, (n + r) % some, block), sum[r], sizeof sum[r]);
            });
    }

    // n: its place in the stretch.
    void frame(int64_t n, const Rows<P>& before) {
        const int32_t *from = stream + is.read_words<P>(), *next = from;
        for (int64_t block = 0; block < blocks; block++, from = next)
            tiles<P::ROWS>(count, [&](auto R, int64_t row) {
                Floats sum[R][GROUP];
                for (int r = 0; r < R; r++) std::memcpy(sum[r], gate(row + r, n, block), sizeof sum[r]);
                next = multiply<P, R>(from, W, &before.operand[row], sum);
                for (int r = 0; r < R; r++) cell(sum[r], (row + r) * W + block * LANES);
            });
    }

    void cell(const Floats* gate, int64_t unit) {
        constexpr auto S = sigmoid<float, LANES>;
        constexpr auto tanh = hyperbolic_tangent<float, LANES>;
        const Floats now = S(gate[1]) * load<float, LANES>(&c[unit]) + S(gate[0]) * tanh(gate[2]);
        store<float, LANES>(&c[unit], now);
        store<float, LANES>(&h[unit], S(gate[3]) * tanh(now));
    }

    void run() {
        h.resize(count * W), c.resize(count * W);
        Rows<P> before(count, W);
        for (int64_t row = 0; row < count; row++) {
            std::copy_n(is.h + at(row, is.D), is.D, &h[row * W]);
            std::copy_n(is.c + at(row, is.D), is.D, &c[row * W]);
            before.put(row, &h[row * W], W);
        }
        for (int64_t s = 0; s < is.T; s++) {
            const int64_t t = g ? is.T - 1 - s : s, begun = t / stretch * stretch;
            if (s == 0 || t == (g ? std::min(begun + stretch, is.T) - 1 : begun)) read(begun);
            frame(t - begun, before);
            for (int64_t row = 0; row < count; row++) {
                before.put(row, &h[row * W], W);
                std::copy_n(&h[row * W], is.D, is.y + (((first + row) * is.T + t) * is.G + g) * is.D);
            }
        }
        for (int64_t row = 0; row < count; row++) {
            std::copy_n(&h[row * W], is.D, is.last_h + at(row, is.D));
            std::copy_n(&c[row * W], is.D, is.last_c + at(row, is.D));
        }
    }
};

// Directions go to threads first, as each reads other weights; then rows do.
template <class P> void layer(const Task& is) {
    const int64_t parts = std::max<int64_t>(1, std::min(is.threads / is.G, is.B));
    share(is.G * parts, is.threads, [&](int64_t i) -> int64_t {
        const int64_t part = i / is.G, first = is.B * part / parts;
        Layer<P>{is, i % is.G, first, is.B * (part + 1) / parts - first}.run();
        return -1;
    });
}

}  // namespace

#define EXPORT(P, NAME)                                                                                          \
    extern "C" __attribute__((visibility("default"))) void lstm_sequence_##NAME(                                 \
        const int32_t* stream, const float* x, const float* h, const float* c, float* y, float* last_h,          \
        float* last_c, int64_t B, int64_t T, int64_t I, int64_t D, int64_t G, int64_t threads) {                 \
        layer<P>(Task{stream, x, h, c, y, last_h, last_c, B, T, I, D, G, threads});                              \
    }
EXPORT(Float32, float32)
EXPORT(Bfloat16, bfloat16)
EXPORT(Int8, int8)
