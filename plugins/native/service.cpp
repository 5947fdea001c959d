#include "service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "frames.h"

namespace seqgen {
namespace {

constexpr int kPort = 7717;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// The folder where the service keeps its token.
std::string home() {
    if (const std::string folder = variable("SEQGEN_HOME"); !folder.empty()) return folder;
#ifdef __APPLE__
    return variable("HOME") + "/Library/Application Support/seqgen";
#else
    const std::string config = variable("XDG_CONFIG_HOME");
    return (config.empty() ? variable("HOME") + "/.config" : config) + "/seqgen";
#endif
}

int port() {
    const int number = std::atoi(variable("SEQGEN_STREAM_PORT").c_str());
    return number > 0 && number < 65536 ? number : kPort;
}

}  // namespace

std::string token() {
    std::string text;
    std::ifstream(home() + "/token") >> text;
    return text.size() == kTokenBytes ? text : "";
}

int dial() {
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    if (made < 0) return -1;
    fcntl(made, F_SETFD, FD_CLOEXEC);
    fcntl(made, F_SETFL, O_NONBLOCK);
    const int yes = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
#ifdef SO_NOSIGPIPE
    setsockopt(made, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(uint16_t(port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int error = connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address) ? errno : 0;
    if (error == EINPROGRESS) {
        pollfd wait{made, POLLOUT, 0};
        socklen_t size = sizeof error;
        if (poll(&wait, 1, 200) != 1 || getsockopt(made, SOL_SOCKET, SO_ERROR, &error, &size)) error = ETIMEDOUT;
    }
    if (error) close(made);
    return error ? -1 : made;
}

}  // namespace seqgen
