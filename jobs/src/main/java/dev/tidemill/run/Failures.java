package dev.tidemill.run;

import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;

/// Why runs fail: whether another try may help, and one sentence about it.
final class Failures {

    private Failures() {}

    /// Whether the cause may go away by itself: a lost connection, a deadlock, a full server.
    static boolean isTransient(List<Throwable> failures) {
        return failures.stream().anyMatch(Failures::isTransient);
    }

    private static boolean isTransient(Throwable failure) {
        Set<Throwable> seen = new HashSet<>();
        for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
            if (t instanceof TransientDataAccessException
                    || t instanceof RecoverableDataAccessException
                    || t instanceof DataAccessResourceFailureException
                    || t instanceof CannotCreateTransactionException
                    || t instanceof SQLTransientException
                    || t instanceof SQLRecoverableException) {
                return true;
            }
            String state = t instanceof SQLException sql && sql.getSQLState() != null ? sql.getSQLState() : "";
            // connection exception, transaction rollback, insufficient resources, operator intervention
            if (state.startsWith("08") || state.startsWith("40") || state.startsWith("53") || state.startsWith("57")) {
                return true;
            }
        }
        return false;
    }

    /// The innermost message of each failure, which says most about it.
    static String describe(List<Throwable> failures) {
        StringBuilder text = new StringBuilder();
        Set<String> said = new HashSet<>();
        for (Throwable failure : failures) {
            Throwable root = failure;
            while (root.getCause() != null && root.getCause() != root) {
                root = root.getCause();
            }
            String message = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
            if (said.add(message)) {
                text.append(text.isEmpty() ? "" : "; ").append(message);
            }
        }
        return text.isEmpty() ? "failed without a stated cause" : text.toString();
    }
}
