package dev.tidemill.schema;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/// Connections as of a process that is killed: the server ends their session right after a commit that wrote something,
/// also that of a single statement.
final class CutSource {

    private final DataSource server;
    private int left;

    /// @param commits after how many it is cut
    CutSource(DataSource server, int commits) {
        this.server = server;
        this.left = commits;
    }

    /// Whether there were that many commits.
    boolean wasCut() {
        return left <= 0;
    }

    DataSource source() {
        return proxy(DataSource.class, (proxy, method, arguments) -> {
            Object result = call(server, method, arguments);
            return result instanceof Connection connection ? watched(connection) : result;
        });
    }

    private Connection watched(Connection connection) throws SQLException {
        long session = Sql.number(connection, "SELECT pg_backend_pid()");
        return proxy(Connection.class, (proxy, method, arguments) -> {
            boolean commits = method.getName().equals("commit")
                    || (method.getName().equals("setAutoCommit") && arguments[0].equals(true));
            boolean writes = commits && hasWritten(connection);
            Object result = call(connection, method, arguments);
            if (writes) {
                committed(session);
            }
            return result instanceof Statement statement
                    ? watched(statement, method.getReturnType(), connection, session)
                    : result;
        });
    }

    private Object watched(Statement statement, Class<?> type, Connection connection, long session) {
        return proxy(type, (proxy, method, arguments) -> {
            boolean commits = method.getName().startsWith("execute")
                    && arguments != null
                    && connection.getAutoCommit()
                    && arguments[0]
                            .toString()
                            .toUpperCase(Locale.ROOT)
                            .strip()
                            .matches("(?s)(CREATE|DROP|INSERT|DELETE) .*");
            Object result = call(statement, method, arguments);
            if (commits) {
                committed(session);
            }
            return result;
        });
    }

    private static boolean hasWritten(Connection connection) throws SQLException {
        return !connection.getAutoCommit()
                && Sql.number(connection, "SELECT (pg_current_xact_id_if_assigned() IS NOT NULL)::integer") == 1;
    }

    private void committed(long session) throws SQLException {
        left--;
        if (left == 0) {
            try (Connection other = server.getConnection()) {
                Sql.execute(other, "SELECT pg_terminate_backend(" + session + ", 10000)");
            }
        }
    }

    private static @Nullable Object call(Object target, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(CutSource.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
