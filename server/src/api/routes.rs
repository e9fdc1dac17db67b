//! [`routes!`]: handlers with their descriptions, as `utoipa_axum::routes!` collects them.

/// What `utoipa_axum::routes!` does, with handlers whose types are forgotten ([`crate::web::routing`]).
macro_rules! routes {
    ($($handler:path),+ $(,)?) => {{
        let mut schemas = Vec::new();
        let mut paths = utoipa::openapi::path::Paths::new();
        let mut methods = axum::routing::MethodRouter::new();
        $(
            let (path, operation, verbs) = utoipa_axum::routes!(@resolve_types $handler : schemas);
            for verb in &verbs {
                let filter = utoipa_axum::PathItemExt::to_method_filter(verb);
                methods = methods.on(filter, $crate::web::routing::forget($handler));
            }
            paths.add_path_operation(&path, verbs, operation);
        )+
        (schemas, paths, methods)
    }};
}

pub(crate) use routes;
