"""The kernels in C++ for the CPU: no libtorch, plain pointers, built at install where there is a compiler."""
