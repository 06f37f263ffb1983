// Asks the bucket for an object that never exists, whatever the visitor asked for. CloudFront then answers with
// the page and status 503 of its custom error response: an object that exists would be answered with 200.
function handler(event) {
  var request = event.request;
  request.uri = '/absent';
  return request;
}
