// Every plugin, one per line, in the order of execution: this list reads as the pipeline. A test fails when the order is not that of the
// priorities, when a file is missing here, or when two plugins have one priority.
import type { Plugin } from '../gateway/plugin.ts'
import acl from './acl.ts'
import apiBreaker from './api-breaker.ts'
import attachConsumerLabel from './attach-consumer-label.ts'
import basicAuth from './basic-auth.ts'
import batchRequests from './batch-requests.ts'
import bodyTransformer from './body-transformer.ts'
import brotli from './brotli.ts'
import clientControl from './client-control.ts'
import consumerRestriction from './consumer-restriction.ts'
import cors from './cors.ts'
import csrf from './csrf.ts'
import dataMask from './data-mask.ts'
import degraphql from './degraphql.ts'
import echo from './echo.ts'
import elasticsearchLogger from './elasticsearch-logger.ts'
import errorPage from './error-page.ts'
import exitTransformer from './exit-transformer.ts'
import faultInjection from './fault-injection.ts'
import fileLogger from './file-logger.ts'
import forwardAuth from './forward-auth.ts'
import grpcTranscode from './grpc-transcode.ts'
import grpcWeb from './grpc-web.ts'
import gzip from './gzip.ts'
import hmacAuth from './hmac-auth.ts'
import httpLogger from './http-logger.ts'
import ipRestriction from './ip-restriction.ts'
import jweDecrypt from './jwe-decrypt.ts'
import jwtAuth from './jwt-auth.ts'
import kafkaLogger from './kafka-logger.ts'
import keyAuth from './key-auth.ts'
import ldapAuth from './ldap-auth.ts'
import limitConn from './limit-conn.ts'
import limitCount from './limit-count.ts'
import limitReq from './limit-req.ts'
import lokiLogger from './loki-logger.ts'
import mocking from './mocking.ts'
import multiAuth from './multi-auth.ts'
import nodeStatus from './node-status.ts'
import opa from './opa.ts'
import openapiToMcp from './openapi-to-mcp.ts'
import openidConnect from './openid-connect.ts'
import opentelemetry from './opentelemetry.ts'
import prometheus from './prometheus.ts'
import proxyCache from './proxy-cache.ts'
import proxyControl from './proxy-control.ts'
import proxyMirror from './proxy-mirror.ts'
import proxyRewrite from './proxy-rewrite.ts'
import publicApi from './public-api.ts'
import realIp from './real-ip.ts'
import redirect from './redirect.ts'
import refererRestriction from './referer-restriction.ts'
import requestId from './request-id.ts'
import requestValidation from './request-validation.ts'
import responseRewrite from './response-rewrite.ts'
import serverInfo from './server-info.ts'
import serverlessPostFunction from './serverless-post-function.ts'
import serverlessPreFunction from './serverless-pre-function.ts'
import splunkHecLogging from './splunk-hec-logging.ts'
import syslog from './syslog.ts'
import tcpLogger from './tcp-logger.ts'
import trafficLabel from './traffic-label.ts'
import trafficSplit from './traffic-split.ts'
import uaRestriction from './ua-restriction.ts'
import udpLogger from './udp-logger.ts'
import uriBlocker from './uri-blocker.ts'
import workflow from './workflow.ts'
import zipkin from './zipkin.ts'

export const plugins: readonly Plugin[] = [
  realIp, // 23000
  exitTransformer, // 22950
  clientControl, // 22000
  proxyControl, // 21990
  requestId, // 12015
  zipkin, // 12011
  opentelemetry, // 12009
  faultInjection, // 11000
  mocking, // 10900
  serverlessPreFunction, // 10000
  batchRequests, // 4010
  cors, // 4000
  ipRestriction, // 3000
  uaRestriction, // 2999
  refererRestriction, // 2990
  csrf, // 2980
  uriBlocker, // 2900
  requestValidation, // 2800
  multiAuth, // 2600
  openidConnect, // 2599
  ldapAuth, // 2540
  hmacAuth, // 2530
  basicAuth, // 2520
  jwtAuth, // 2510
  jweDecrypt, // 2509
  keyAuth, // 2500
  acl, // 2410
  consumerRestriction, // 2400
  attachConsumerLabel, // 2399
  forwardAuth, // 2002
  opa, // 2001
  dataMask, // 1500
  proxyCache, // 1085
  bodyTransformer, // 1080
  proxyMirror, // 1010
  proxyRewrite, // 1008
  workflow, // 1006
  apiBreaker, // 1005
  limitConn, // 1003
  limitCount, // 1002
  limitReq, // 1001
  nodeStatus, // 1000
  brotli, // 996
  gzip, // 995
  serverInfo, // 990
  trafficLabel, // 967
  trafficSplit, // 966
  redirect, // 900
  responseRewrite, // 899
  openapiToMcp, // 540
  degraphql, // 509
  grpcTranscode, // 506
  grpcWeb, // 505
  publicApi, // 501
  prometheus, // 500
  errorPage, // 450
  lokiLogger, // 414
  elasticsearchLogger, // 413
  echo, // 412
  httpLogger, // 410
  splunkHecLogging, // 409
  tcpLogger, // 405
  kafkaLogger, // 403
  syslog, // 401
  udpLogger, // 400
  fileLogger, // 399
  serverlessPostFunction, // -2000
]
