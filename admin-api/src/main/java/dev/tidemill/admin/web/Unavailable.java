package dev.tidemill.admin.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.web.filter.OncePerRequestFilter;

/// Answers 503 with Retry-After where the database is away or has no connection to give: it is nobody's mistake,
/// and passes.
final class Unavailable extends OncePerRequestFilter {

    static final String DETAIL = "the database cannot be reached, or has no free connection: try again";
    static final String RETRY_AFTER_SECONDS = "5";

    private static final Logger log = LoggerFactory.getLogger(Unavailable.class);
    private static final int DEEPEST = 20;

    private final ProblemWriter problems;

    Unavailable(ProblemWriter problems) {
        this.problems = problems;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        try {
            chain.doFilter(request, response);
        } catch (ServletException | RuntimeException e) {
            if (response.isCommitted() || !means(e)) {
                throw e;
            }
            log.warn("{} {} was answered with 503: {}", request.getMethod(), request.getRequestURI(), e.getMessage());
            response.reset();
            response.setHeader(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
            problems.write(request, response, HttpStatus.SERVICE_UNAVAILABLE, DETAIL);
        }
    }

    /// Whether an exception means that the database cannot be had.
    static boolean means(Throwable e) {
        int depth = 0;
        for (@Nullable Throwable cause = e; cause != null && depth < DEEPEST; cause = cause.getCause()) {
            if (cause instanceof CannotGetJdbcConnectionException
                    || cause instanceof CannotCreateTransactionException
                    || cause instanceof SQLTransientConnectionException
                    || (cause instanceof SQLException sql && away(sql.getSQLState()))) {
                return true;
            }
            depth++;
        }
        return false;
    }

    /// Connection exceptions, shutdown and start of the server, too many connections.
    private static boolean away(@Nullable String state) {
        return state != null && (state.startsWith("08") || state.startsWith("57P0") || state.equals("53300"));
    }
}
