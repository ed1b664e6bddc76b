package dev.tidemill.admin.crashtest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/// The wire between one process and the database: passes all messages on, and holds the conversation at the points
/// where a fault may strike. Nothing is sent on before the fault has been done.
final class Wire implements AutoCloseable {

    private static final int SSL_REQUEST = 80_877_103;
    private static final int GSS_REQUEST = 80_877_104;
    private static final int CANCEL_REQUEST = 80_877_102;

    /// Told of every point passed, on the thread that passes it, and may take its time.
    interface Watcher {
        /// A point was passed.
        ///
        /// @return whether the connection is to be cut here
        boolean passed(Wire wire, Link link, KillPoint point);

        /// A chunk's transaction has been committed.
        void committed(Wire wire);
    }

    private final ServerSocket listener;
    private final IntSupplier serverPort;
    private final Watcher watcher;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicLong fenced = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean closed;

    Wire(IntSupplier serverPort, Watcher watcher) {
        this.serverPort = serverPort;
        this.watcher = watcher;
        try {
            listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free: " + e.getMessage(), e);
        }
        Thread.ofVirtual().name("wire").start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /// Transactions of runs that the fence let commit.
    long fenced() {
        return fenced.get();
    }

    /// Transactions of runs that the fence refused.
    long refused() {
        return refused.get();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().name("wire-client").start(() -> open(client));
            } catch (IOException e) {
                if (!closed) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void open(Socket client) {
        try {
            Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort.getAsInt());
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            Link link = new Link(client, server);
            links.add(link);
            link.run();
        } catch (IOException e) {
            // The server is away: so the client learns it.
            close(client);
        }
    }

    /// Cuts every connection.
    void cut() {
        links.forEach(Link::cut);
    }

    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a socket could not be closed", e);
        }
    }

    /// One connection.
    final class Link {

        private final Socket client;
        private final Socket server;
        private final Conversation conversation = new Conversation();
        private volatile int backendPid;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        /// The server's process for this connection.
        int backendPid() {
            return backendPid;
        }

        void cut() {
            close(client);
            close(server);
            links.remove(this);
        }

        private void run() throws IOException {
            try (client;
                    server) {
                DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream(), 1 << 16));
                DataOutputStream toServer =
                        new DataOutputStream(new BufferedOutputStream(server.getOutputStream(), 1 << 16));
                if (greet(in, toServer)) {
                    Thread replies = Thread.ofVirtual().name("wire-server").start(this::replies);
                    try {
                        requests(in, toServer);
                    } finally {
                        replies.interrupt();
                    }
                }
            } catch (EOFException e) {
                // The client has said good-bye.
                cut();
            } finally {
                links.remove(this);
            }
        }

        /// Passes the start of a connection on, refusing encryption.
        ///
        /// @return false for a request to cancel, which has no conversation
        private boolean greet(DataInputStream in, DataOutputStream toServer) throws IOException {
            while (true) {
                int length = in.readInt();
                int code = in.readInt();
                if (code == SSL_REQUEST || code == GSS_REQUEST) {
                    client.getOutputStream().write('N');
                    continue;
                }
                toServer.writeInt(length);
                toServer.writeInt(code);
                toServer.write(in.readNBytes(length - 8));
                toServer.flush();
                return code != CANCEL_REQUEST;
            }
        }

        private void requests(DataInputStream in, DataOutputStream out) throws IOException {
            while (true) {
                byte type = in.readByte();
                int length = in.readInt();
                byte[] body = in.readNBytes(length - 4);
                if (body.length < length - 4) {
                    throw new EOFException();
                }
                KillPoint point = conversation.request(type, body);
                if (point == KillPoint.COPYING) {
                    out.writeByte(type);
                    out.writeInt(length);
                    out.write(body, 0, body.length / 2);
                    out.flush();
                    pass(point);
                    out.write(body, body.length / 2, body.length - body.length / 2);
                } else {
                    if (point != null) {
                        // What came before is with the server; this is not.
                        out.flush();
                        pass(point);
                    }
                    out.writeByte(type);
                    out.writeInt(length);
                    out.write(body);
                }
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }

        private void replies() {
            try {
                DataInputStream in = new DataInputStream(new BufferedInputStream(server.getInputStream(), 1 << 16));
                DataOutputStream out =
                        new DataOutputStream(new BufferedOutputStream(client.getOutputStream(), 1 << 16));
                while (true) {
                    byte type = in.readByte();
                    int length = in.readInt();
                    byte[] body = in.readNBytes(length - 4);
                    if (type == 'K') {
                        backendPid = java.nio.ByteBuffer.wrap(body).getInt();
                    }
                    Conversation.Told told = conversation.reply(type, body);
                    switch (told) {
                        case COMMITTED_CHUNK -> {
                            watcher.committed(Wire.this);
                            pass(KillPoint.COMMIT_REPLY);
                        }
                        case FENCED -> fenced.incrementAndGet();
                        case REFUSED -> refused.incrementAndGet();
                        case READY_AFTER_CHUNK, NOTHING -> {}
                    }
                    out.writeByte(type);
                    out.writeInt(length);
                    out.write(body);
                    if (told == Conversation.Told.READY_AFTER_CHUNK) {
                        out.flush();
                        pass(KillPoint.COMMITTED);
                    }
                    if (in.available() == 0) {
                        out.flush();
                    }
                }
            } catch (IOException e) {
                // One side is gone: so is the conversation.
                cut();
            }
        }

        private void pass(KillPoint point) throws IOException {
            if (watcher.passed(Wire.this, this, point)) {
                cut();
                throw new EOFException("cut");
            }
        }
    }
}
