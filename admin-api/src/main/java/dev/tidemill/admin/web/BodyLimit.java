package dev.tidemill.admin.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.web.filter.OncePerRequestFilter;

/// Refuses bodies that no question needs, before they are read. Uploads have limits of their own.
final class BodyLimit extends OncePerRequestFilter {

    static final int MOST = 256 * 1024;

    private final ProblemWriter problems;

    BodyLimit(ProblemWriter problems) {
        this.problems = problems;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        String type = request.getContentType();
        boolean upload = type != null && type.startsWith("multipart/");
        if (!upload && request.getContentLengthLong() > MOST) {
            problems.write(
                    request, response, HttpStatus.CONTENT_TOO_LARGE, "the body is larger than " + MOST + " bytes");
        } else if (!upload && request.getHeader("Transfer-Encoding") != null) {
            problems.write(request, response, HttpStatus.LENGTH_REQUIRED, "send the body with a Content-Length");
        } else {
            chain.doFilter(request, response);
        }
    }
}
