"""The decision of the guard: pure, from a request, its caller, the policy and facts to what is forwarded or denied."""
