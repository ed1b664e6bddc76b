package dev.tidemill.postgres;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// The server's configuration file, written anew at each start; `ALTER SYSTEM` overrides it, as it is read later.
enum Settings {
    /// For data that somebody keeps.
    DURABLE,
    /// For clusters that are removed with the process that made them.
    THROWAWAY;

    private static final long MEGABYTE = 1024L * 1024L;

    String file(int port) throws IOException {
        return switch (this) {
            case DURABLE ->
                common(port) + """
                    fsync = on
                    synchronous_commit = on
                    full_page_writes = on
                    shared_buffers = %dMB
                    maintenance_work_mem = %dMB
                    effective_cache_size = %dMB
                    max_wal_size = 2GB
                    min_wal_size = 128MB
                    checkpoint_timeout = 15min
                    """.formatted(share(8, 128, 2048), share(16, 64, 1024), share(2, 256, 65_536));
            case THROWAWAY -> common(port) + """
                    fsync = off
                    synchronous_commit = off
                    full_page_writes = off
                    shared_buffers = 128MB
                    maintenance_work_mem = 64MB
                    max_wal_size = 512MB
                    min_wal_size = 32MB
                    """;
        };
    }

    // The time-outs keep one stuck client from stopping all others; the keepalives find a client whose machine is
    // gone.
    private static String common(int port) throws IOException {
        return """
                # Written by Tidemill at each start; changes belong in ALTER SYSTEM.
                listen_addresses = '127.0.0.1'
                port = %d
                unix_socket_directories = ''
                max_connections = 100
                lock_timeout = '10s'
                idle_in_transaction_session_timeout = '60s'
                client_connection_check_interval = '%s'
                tcp_keepalives_idle = 15
                tcp_user_timeout = 30000
                password_encryption = 'scram-sha-256'
                wal_level = replica
                max_wal_senders = 4
                wal_compression = on
                random_page_cost = 1.1
                jit = off
                dynamic_shared_memory_type = %s
                log_timezone = 'UTC'
                timezone = 'UTC'
                log_checkpoints = off
                log_line_prefix = '%%m [%%p] %%q%%u@%%d '
                """.formatted(port, isLinux() ? "5s" : "0", sharedMemory());
    }

    // Containers are given a tiny /dev/shm, in which a parallel index build fails; a mapped file works anywhere.
    private static String sharedMemory() throws IOException {
        Path shm = Path.of("/dev/shm");
        if (isLinux() && (!Files.isDirectory(shm) || Files.getFileStore(shm).getTotalSpace() < 1024 * MEGABYTE)) {
            return "mmap";
        }
        return "posix";
    }

    private static boolean isLinux() {
        return System.getProperty("os.name", "").startsWith("Linux");
    }

    private static long share(int part, long leastMegabytes, long mostMegabytes) {
        long memory =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.clamp(memory / part / MEGABYTE, leastMegabytes, mostMegabytes);
    }
}
