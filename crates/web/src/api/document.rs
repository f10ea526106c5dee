//! The document that describes the API (OpenAPI 3.1), made from the handlers themselves.

use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, RefOr, ResponseBuilder, Server,
    path::{Operation, PathItem},
    schema::Ref,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{ROOT, problem::Problem};

/// Says what the handlers can't: the service, how tokens are shown, and what every operation answers when it can't be.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Busylamp")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Keeps telephone users' state in step with their calendars. Instants are in UTC by RFC 3339. Sentences are \
             in German or English, by Accept-Language.",
        ))
        .license(Some(utoipa::openapi::License::new(env!("CARGO_PKG_LICENSE"))))
        .build();
    document.servers = Some(vec![Server::new(ROOT)]);
    let scheme = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token from the page /tokens. The role that an operation needs is named with it."))
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    let (name, schema) = (<Problem as utoipa::ToSchema>::name(), <Problem as utoipa::PartialSchema>::schema());
    components.schemas.insert(name.to_string(), schema);
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        for response in operation.responses.responses.values_mut() {
            // OpenAPI wants one, and the schema says it better.
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                "What was asked for.".clone_into(&mut response.description);
            }
        }
        let content = Content::new(Some(Ref::from_schema_name(name.as_ref())));
        let problem = ResponseBuilder::new()
            .description("What is wrong, where, and what to do (RFC 9457).")
            .content("application/problem+json", content)
            .build();
        operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
    }
    document
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.delete].into_iter().flatten()
}
