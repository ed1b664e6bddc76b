package dev.tidemill.admin.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/// Refuses query parameters that no one reads: a mistyped name must not be taken for its default.
final class KnownParameters implements HandlerInterceptor {

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (!(handler instanceof HandlerMethod method)
                || !method.getBeanType().getName().startsWith("dev.tidemill.")) {
            return true;
        }
        Set<String> known = Arrays.stream(method.getMethodParameters())
                .flatMap(KnownParameters::name)
                .collect(Collectors.toCollection(TreeSet::new));
        for (String name : request.getParameterMap().keySet()) {
            if (!known.contains(name)) {
                throw new BadRequest(
                        name,
                        "unknown parameter \"" + name + "\": "
                                + (known.isEmpty() ? "none is known here" : "known are " + String.join(", ", known)));
            }
        }
        return true;
    }

    private static Stream<String> name(MethodParameter parameter) {
        RequestParam annotation = parameter.getParameterAnnotation(RequestParam.class);
        return annotation == null ? Stream.empty() : Stream.of(annotation.name());
    }
}
