package dev.tidemill.admin.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.filter.OncePerRequestFilter;

/// Counts requests that were refused for want of a key or a scope.
final class DeniedCount extends OncePerRequestFilter {

    private final Counter withoutKey;
    private final Counter withoutScope;

    DeniedCount(MeterRegistry meters) {
        withoutKey = counter(meters, "key");
        withoutScope = counter(meters, "scope");
    }

    private static Counter counter(MeterRegistry meters, String missing) {
        return Counter.builder("tidemill.authz.denied")
                .description("Requests refused: no valid key, or a key without the scope")
                .tag("missing", missing)
                .register(meters);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        chain.doFilter(request, response);
        if (response.getStatus() == HttpServletResponse.SC_UNAUTHORIZED) {
            withoutKey.increment();
        } else if (response.getStatus() == HttpServletResponse.SC_FORBIDDEN) {
            withoutScope.increment();
        }
    }
}
