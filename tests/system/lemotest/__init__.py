"""The harness of the system tests: private servers, clients and peers."""
