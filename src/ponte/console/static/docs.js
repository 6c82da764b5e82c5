// Starts the API page. A file of its own, since the pages' policy runs no script inside HTML.
globalThis.addEventListener("load", () => {
  globalThis.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
