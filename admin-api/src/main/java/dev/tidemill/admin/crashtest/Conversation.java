package dev.tidemill.admin.crashtest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What one connection says, in the frontend/backend protocol 3, as far as it tells where a run stands. Requests
/// and replies come on two threads.
final class Conversation {

    /// Tables of the platform itself; all others are business.
    private static final Pattern PLATFORM = Pattern.compile(
            "(insert into|update|delete from)\\s+(batch_\\w+|job_leases|launches|nodes|items_in_hand|audit_entries|run_failures|qrtz_\\w+)\\b.*",
            Pattern.DOTALL);
    private static final Pattern WRITE = Pattern.compile("(insert|update|delete|copy)\\b.*", Pattern.DOTALL);

    /// What a reply told.
    enum Told {
        NOTHING,
        /// the fence let a transaction commit
        FENCED,
        /// the fence refused a transaction
        REFUSED,
        /// a run's transaction with business rows is committed
        COMMITTED_CHUNK,
        /// the connection is ready again after such a transaction
        READY_AFTER_CHUNK
    }

    private final Map<String, String> statements = new ConcurrentHashMap<>();
    private final Deque<String> executed = new ArrayDeque<>();
    private String bound = "";
    private byte[] boundTo = {};
    private boolean business;
    private boolean metadata;
    private boolean fence;
    private boolean copying;
    private boolean afterChunk;

    /// Takes a message of the client in.
    ///
    /// @return the point that it would pass
    @Nullable
    synchronized KillPoint request(byte type, byte[] body) {
        switch (type) {
            case 'P' -> {
                ByteBuffer buffer = ByteBuffer.wrap(body);
                String name = text(buffer);
                statements.put(name, text(buffer).strip().toLowerCase(Locale.ROOT));
            }
            case 'B' -> {
                ByteBuffer buffer = ByteBuffer.wrap(body);
                text(buffer);
                bound = statements.getOrDefault(text(buffer), "");
                boundTo = body;
            }
            case 'E' -> {
                return execute(bound);
            }
            case 'Q' -> {
                return execute(text(ByteBuffer.wrap(body)).strip().toLowerCase(Locale.ROOT));
            }
            case 'd' -> {
                if (!copying) {
                    copying = true;
                    return KillPoint.COPYING;
                }
            }
            case 'c', 'f' -> copying = false;
            default -> {}
        }
        return null;
    }

    private @Nullable KillPoint execute(String sql) {
        executed.add(sql);
        if (sql.startsWith("begin")) {
            forget();
        } else if (sql.startsWith("commit")) {
            return business && fence ? KillPoint.COMMITTING : null;
        } else if (sql.startsWith("update job_leases set commits")) {
            fence = true;
        } else if (sql.startsWith("update batch_step_execution") && business && !metadata) {
            metadata = true;
            return KillPoint.METADATA;
        } else if (sql.startsWith("update batch_step_execution") && !business && boundTo("COMPLETED")) {
            return KillPoint.FINISHING;
        } else if (sql.startsWith("update batch_job_execution") && sql.contains("status") && boundTo("COMPLETED")) {
            return KillPoint.COMPLETING;
        } else if (sql.startsWith("update launches") && boundTo("completed")) {
            return KillPoint.CONCLUDING;
        } else if (sql.startsWith("insert into dead_letters")) {
            business = true;
            return KillPoint.REFUSING;
        } else if (WRITE.matcher(sql).matches() && !PLATFORM.matcher(sql).matches() && !business) {
            business = true;
            return KillPoint.WORKED;
        }
        return null;
    }

    private boolean boundTo(String value) {
        return new String(boundTo, StandardCharsets.ISO_8859_1).contains(value);
    }

    /// Takes a message of the server in.
    synchronized Told reply(byte type, byte[] body) {
        switch (type) {
            case 'C' -> {
                String sql = executed.isEmpty() ? "" : executed.poll();
                String tag = text(ByteBuffer.wrap(body));
                if (sql.startsWith("update job_leases set commits")) {
                    return tag.equals("UPDATE 1") ? Told.FENCED : Told.REFUSED;
                }
                if (sql.startsWith("commit")) {
                    boolean chunk = tag.equals("COMMIT") && business && fence;
                    forget();
                    afterChunk = chunk;
                    return chunk ? Told.COMMITTED_CHUNK : Told.NOTHING;
                }
                if (sql.startsWith("rollback")) {
                    forget();
                }
            }
            case 'I', 's' -> executed.poll();
            case 'Z' -> {
                executed.clear();
                if (afterChunk) {
                    afterChunk = false;
                    return Told.READY_AFTER_CHUNK;
                }
            }
            default -> {}
        }
        return Told.NOTHING;
    }

    private void forget() {
        business = false;
        metadata = false;
        fence = false;
        copying = false;
    }

    private static String text(ByteBuffer buffer) {
        int start = buffer.position();
        while (buffer.get() != 0) {
            // up to the end of the string
        }
        byte[] string = new byte[buffer.position() - 1 - start];
        buffer.get(start, string);
        return new String(string, StandardCharsets.UTF_8);
    }
}
